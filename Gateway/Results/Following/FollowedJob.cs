namespace AiPlatform.Gateway.Results.Following;

/// <summary>
/// A job whose events requests in this process show. They share what Redis is asked: each reads what came before it, and from there on
/// one look serves all of them. What they are told has no gaps: an event whose predecessor is not known waits for the next look.
/// </summary>
internal sealed class FollowedJob(JobId id)
{
    private readonly Lock _gate = new();
    private readonly List<JobFollower> _followers = [];
    private Job? _job;
    private long? _known;
    private bool _isLookWanted;
    private bool _isLooking;
    private long _lookedAt;

    public JobId Id => id;

    /// <summary>
    /// Says where the job is known to be: a follower has read it to its end. True when something came meanwhile, and a look is wanted.
    /// </summary>
    /// <param name="job">The job as it was read.</param>
    /// <param name="sequence">The number of its last event.</param>
    /// <param name="timestamp">When it was read.</param>
    public bool Know(Job job, long sequence, long timestamp)
    {
        lock (_gate)
        {
            if (_known is not null) return false;
            (_job, _known, _lookedAt) = (job, sequence, timestamp);
            return _isLookWanted;
        }
    }

    /// <summary>Hands new events on to all, if the ones before are known; false when a look is wanted instead.</summary>
    public bool Tell(IReadOnlyList<JobEvent> events)
    {
        lock (_gate)
        {
            if (_known is not { } known || events.Count == 0 || events[0].Sequence > known + 1)
            {
                _isLookWanted = true;
                return false;
            }

            if (events[^1].Sequence <= known) return true;
            _known = events[^1].Sequence;
            TellAll(new EventPage(_job!, [.. events.Where(one => one.Sequence > known)]));
            return true;
        }
    }

    /// <summary>Whether a look is wanted, at the latest when nobody has looked since <paramref name="timestamp"/>.</summary>
    public bool IsDue(long timestamp)
    {
        lock (_gate) return _isLookWanted |= _lookedAt < timestamp;
    }

    /// <summary>
    /// Whether the caller is to look, and from which number on. One looks at a time; a look that is wanted meanwhile is its next.
    /// </summary>
    public bool TryBeginLook(long now, out long after)
    {
        lock (_gate)
        {
            after = _known ?? 0;
            if (_known is null || !_isLookWanted || _isLooking) return false;
            (_isLookWanted, _isLooking, _lookedAt) = (false, true, now);
            return true;
        }
    }

    public void EndLook()
    {
        lock (_gate) _isLooking = false;
    }

    /// <summary>Hands on what a look found; null when the job is not there any more.</summary>
    public void Tell(JobLog? log)
    {
        lock (_gate)
        {
            if (log is null)
            {
                TellAll(null);
                return;
            }

            var page = EventPage.Of(log, _known!.Value);
            _job = log.Job;
            if (page.Events.Count > 0) _known = Math.Max(_known.Value, page.Events[^1].Sequence);
            // The rest of a long log is read at once.
            if (!log.IsWhole) _isLookWanted = true;
            if (page.Events.Count > 0 || page.HasEnded) TellAll(page);
        }
    }

    internal void Add(JobFollower follower)
    {
        lock (_gate) _followers.Add(follower);
    }

    /// <summary>True when it was the last.</summary>
    internal bool Remove(JobFollower follower)
    {
        lock (_gate)
        {
            _followers.Remove(follower);
            return _followers.Count == 0;
        }
    }

    private void TellAll(EventPage? page)
    {
        foreach (var follower in _followers) follower.Tell(page);
    }
}
