using System.Diagnostics;
using MassTransit;

namespace AiPlatform.Jobs.Leasing;

/// <summary>A leased job while it runs in this process, with methods to stop it.</summary>
public sealed class RunningJob : IDisposable
{
    /// <summary>The longest time that a timer accepts; a record may contain any number.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly CancellationTokenSource _stop;
    private readonly TimeProvider _time;
    private readonly long _leasedAt;
    private int _reason;

    public RunningJob(LeasedJob job, TimeProvider time)
    {
        Job = job;
        _time = time;
        _leasedAt = time.GetTimestamp();
        _stop = new CancellationTokenSource(
            job.TimeLeft < TimeSpan.Zero ? TimeSpan.Zero : job.TimeLeft < LongestTimer ? job.TimeLeft : LongestTimer, time);
        Token = _stop.Token;
    }

    public LeasedJob Job { get; }

    /// <summary>The span of its lease, which is the parent of all further spans of the run.</summary>
    internal ActivityContext Lease { get; init; }

    /// <summary>Time since its lease.</summary>
    internal TimeSpan Elapsed => _time.GetElapsedTime(_leasedAt);

    /// <summary>The job that travels beside a command, for its consumer.</summary>
    public static RunningJob Of(ConsumeContext<RunJob> context) => context.TryGetPayload<RunningJob>(out var running)
        ? running
        : throw new InvalidOperationException($"Job {context.Message.JobId} came without its payload. This is a bug.");

    /// <summary>Canceled as soon as the job's result is no longer wanted or its deadline has passed.</summary>
    public CancellationToken Token { get; }

    /// <summary>Why <see cref="Token"/> was canceled; without another reason its deadline has passed.</summary>
    public StopReason Reason => Volatile.Read(ref _reason) is var reason and not 0 ? (StopReason)reason
        : Token.IsCancellationRequested ? StopReason.DeadlinePassed
        : StopReason.None;

    /// <summary>Stops the job; the first reason stays.</summary>
    public void Stop(StopReason reason)
    {
        Interlocked.CompareExchange(ref _reason, (int)reason, (int)StopReason.None);
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended in this moment.
        }
    }

    public void Dispose() => _stop.Dispose();
}

/// <summary>
/// The command that a consumer receives. It is small on purpose: the job with its payload travels beside it, as the
/// <see cref="RunningJob"/> in the receive context's payloads.
/// </summary>
public sealed record RunJob
{
    /// <summary>The job's public id.</summary>
    public required string JobId { get; init; }

    /// <summary>1 for the first lease.</summary>
    public required int Attempt { get; init; }

    /// <summary>The route of the call, such as <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }
}
