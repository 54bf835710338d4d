namespace AiPlatform.Gateway.Results.Following;

/// <summary>One request that follows a job's events. Dispose it when the request ends.</summary>
internal sealed class JobFollower(FollowedJobs followers, FollowedJob job) : IDisposable
{
    /// <summary>Pages that are buffered for a slow request; further pages are dropped and read from the log later.</summary>
    private const int MostKept = 256;

    private readonly Lock _gate = new();
    private readonly Queue<EventPage?> _pages = new();
    private TaskCompletionSource? _waits;
    private bool _hasMissed;

    public FollowedJob Job => job;

    /// <summary>Passes a page on without waiting; a request that is too slow misses it.</summary>
    /// <param name="page">The page; null when the job no longer exists.</param>
    /// <param name="wakes">Gets the request if it waits; the caller runs it outside all locks.</param>
    public void Tell(EventPage? page, Continuations<TaskCompletionSource> wakes)
    {
        lock (_gate)
        {
            if (_pages.Count < MostKept) _pages.Enqueue(page);
            else _hasMissed = true;
            if (_waits is not null) wakes.Add(_waits);
            _waits = null;
        }
    }

    /// <summary>
    /// Returns the next page; null when the job no longer exists. False when pages were missed and must be read from the log.
    /// </summary>
    public async ValueTask<(bool IsWhole, EventPage? Page)> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_pages.TryDequeue(out var page)) return (true, page);
                if (_hasMissed)
                {
                    _hasMissed = false;
                    return (false, null);
                }

                // Many requests continue on one thread, one after another: see Continuations.
                news = (_waits ??= new TaskCompletionSource()).Task;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    public void Dispose() => followers.Leave(this);
}
