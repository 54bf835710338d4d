using System.Threading.Channels;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>One request that shows a job's events. Dispose it when it no longer does.</summary>
internal sealed class JobFollower(FollowedJobs followers, FollowedJob job) : IDisposable
{
    /// <summary>Pages kept for a request that is slow; what is dropped is read from the log.</summary>
    private const int MostKept = 256;

    private readonly Channel<EventPage?> _news = Channel.CreateBounded<EventPage?>(
        new BoundedChannelOptions(MostKept) { SingleReader = true });
    private volatile bool _hasMissed;

    public FollowedJob Job => job;

    /// <summary>Never waits: a request that is slow misses it.</summary>
    public void Tell(EventPage? page)
    {
        if (!_news.Writer.TryWrite(page)) _hasMissed = true;
    }

    /// <summary>
    /// What came next; null when the job is not there any more. False when something was missed, to be read from the log.
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
