namespace AiPlatform.Gateway.Results.Following;

/// <summary>
/// A job whose events are followed by requests in this process. Each follower first reads the events that it has not seen; from there on
/// one read of Redis serves all followers. They get events without gaps: an event whose predecessor is unknown waits for the next read.
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
    /// Notes how far a follower has read the job's events. True when events have arrived since, so that another read is needed.
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

    /// <summary>Passes new events on to all followers if the events before them are known; false when a read is needed instead.</summary>
    /// <param name="events">The events.</param>
    /// <param name="wakes">Gets the followers that wait, which the caller runs.</param>
    public bool Tell(IReadOnlyList<JobEvent> events, Continuations<TaskCompletionSource> wakes)
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
            TellAll(new EventPage(_job!, [.. events.Where(one => one.Sequence > known)]), wakes);
            return true;
        }
    }

    /// <summary>Whether a read is needed. It is needed at the latest when there was none since <paramref name="timestamp"/>.</summary>
    public bool IsDue(long timestamp)
    {
        lock (_gate) return _isLookWanted |= _lookedAt < timestamp;
    }

    /// <summary>
    /// Whether the caller must read, and from which number on. Only one caller reads at a time; if another read is needed in the meantime,
    /// the same caller does it next.
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

    /// <summary>Passes on the events that a read found; null when the job no longer exists.</summary>
    /// <param name="log">What was read.</param>
    /// <param name="wakes">Gets the followers that wait, which the caller runs.</param>
    public void Tell(JobLog? log, Continuations<TaskCompletionSource> wakes)
    {
        lock (_gate)
        {
            if (log is null)
            {
                TellAll(null, wakes);
                return;
            }

            var page = EventPage.Of(log, _known!.Value);
            _job = log.Job;
            if (page.Events.Count > 0) _known = Math.Max(_known.Value, page.Events[^1].Sequence);
            // The rest of a long log is read immediately.
            if (!log.IsWhole) _isLookWanted = true;
            if (page.Events.Count > 0 || page.HasEnded) TellAll(page, wakes);
        }
    }

    internal void Add(JobFollower follower)
    {
        lock (_gate) _followers.Add(follower);
    }

    /// <summary>Removes a follower; true when it was the last one.</summary>
    internal bool Remove(JobFollower follower)
    {
        lock (_gate)
        {
            _followers.Remove(follower);
            return _followers.Count == 0;
        }
    }

    private void TellAll(EventPage? page, Continuations<TaskCompletionSource> wakes)
    {
        foreach (var follower in _followers) follower.Tell(page, wakes);
    }
}
