using System.Threading.Channels;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>One request that shows a job's events. Dispose it when it no longer does.</summary>
internal sealed class JobFollower(JobFollowers followers, JobId id) : IDisposable
{
    /// <summary>Messages kept for a request that is slow; what is dropped is read from the log.</summary>
    private const int MostKept = 256;

    private readonly Channel<IReadOnlyList<JobEvent>> _news = Channel.CreateBounded<IReadOnlyList<JobEvent>>(
        new BoundedChannelOptions(MostKept) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public JobId Id => id;

    /// <summary>New events, or none when there is something else to look for.</summary>
    public void Tell(IReadOnlyList<JobEvent> events) => _news.Writer.TryWrite(events);

    /// <summary>What was told next; empty when the time is up: the caller looks by itself.</summary>
    public async Task<IReadOnlyList<JobEvent>> NextAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (_news.Reader.TryRead(out var told)) return told;

        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await _news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    public void Dispose() => followers.Leave(this);
}
