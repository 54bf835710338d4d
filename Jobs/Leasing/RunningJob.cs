using System.Diagnostics;
using MassTransit;

namespace AiPlatform.Jobs.Leasing;

/// <summary>A leased job while it runs in this process, and the means to stop it.</summary>
public sealed class RunningJob : IDisposable
{
    /// <summary>What a timer takes; a record may say anything.</summary>
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

    /// <summary>The span of its lease: the parent of what is done for it.</summary>
    internal ActivityContext Lease { get; init; }

    /// <summary>Time since its lease.</summary>
    internal TimeSpan Elapsed => _time.GetElapsedTime(_leasedAt);

    /// <summary>The job that came beside a command, for its consumer.</summary>
    public static RunningJob Of(ConsumeContext<RunJob> context) => context.TryGetPayload<RunningJob>(out var running)
        ? running
        : throw new InvalidOperationException($"Job {context.Message.JobId} came without its payload. This is a bug.");

    /// <summary>Canceled as soon as the job's result is no longer wanted or its time is up.</summary>
    public CancellationToken Token { get; }

    /// <summary>Why <see cref="Token"/> was canceled: by its deadline when nobody gave another reason.</summary>
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

    /// <summary>The route whose call is to be run, such as <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }
}
