using System.Threading.Channels;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>One request that follows a job's events. Dispose it when the request ends.</summary>
internal sealed class JobFollower(FollowedJobs followers, FollowedJob job) : IDisposable
{
    /// <summary>Pages that are buffered for a slow request; further pages are dropped and read from the log later.</summary>
    private const int MostKept = 256;

    private readonly Channel<EventPage?> _news = Channel.CreateBounded<EventPage?>(
        new BoundedChannelOptions(MostKept) { SingleReader = true });
    private volatile bool _hasMissed;

    public FollowedJob Job => job;

    /// <summary>Passes a page on without waiting; a request that is too slow misses it.</summary>
    public void Tell(EventPage? page)
    {
        if (!_news.Writer.TryWrite(page)) _hasMissed = true;
    }

    /// <summary>
    /// Returns the next page; null when the job no longer exists. False when pages were missed and must be read from the log.
    /// </summary>
    public async ValueTask<(bool IsWhole, EventPage? Page)> NextAsync(CancellationToken cancellationToken)
    {
        if (_news.Reader.TryRead(out var told)) return (true, told);
        if (!_hasMissed) return (true, await _news.Reader.ReadAsync(cancellationToken));

        _hasMissed = false;
        return (false, null);
    }

    public void Dispose() => followers.Leave(this);
}
