using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>What a worker does with jobs.</summary>
internal sealed partial class JobStore
{
    private const int SweepBatch = 200;

    // :: Step 4: lease. The jobs that waited longest, payloads included, as many as the worker has room for.
    public async Task<IReadOnlyList<LeasedJob>> LeaseAsync(
        QueueName queue, string worker, int maxJobs, int maxBytes, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            worker, maxJobs, maxBytes, ScriptArgument.Milliseconds(_options.LeaseDuration), ScriptArgument.Milliseconds(2 * _options.PollInterval),
            ScriptArgument.Milliseconds(_options.ResultTtl), JobErrors.Expired.ToJson(), JobErrors.PayloadLost.ToJson(),
        ];
        var rows = (RedisResult[])(await RunAsync(JobScript.Lease, queue, arguments, cancellationToken))!;
        return Array.ConvertAll(rows, row => JobRecord.ReadLease(queue, (RedisResult[])row!));
    }

    public async Task<bool[]> RenewAsync(QueueName queue, IReadOnlyList<LeasedJob> jobs, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments = [ScriptArgument.Milliseconds(_options.LeaseDuration)];
        foreach (var job in jobs) arguments.AddRange([job.Id.Key, job.Attempt]);

        var held = (RedisResult[])(await RunAsync(JobScript.Renew, queue, [.. arguments], cancellationToken))!;
        return Array.ConvertAll(held, one => (int)one == 1);
    }

    // :: Step 7: commit. The result is stored only if the lease is still ours, and published to who waits.
    public async Task<bool> CommitAsync(LeasedJob job, JobOutcome outcome, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            job.Id.Key, job.Attempt, (outcome.Error is null ? JobStatus.Succeeded : JobStatus.Failed).Name,
            ScriptArgument.Milliseconds(_options.ResultTtl), outcome.Error?.ToJson() ?? "", outcome.Output?.ContentType ?? "",
            outcome.Usage ?? "", AsValue(outcome.Output?.Content ?? default),
        ];
        return (int)await RunAsync(JobScript.Commit, job.Id.Queue, arguments, cancellationToken) == 1;
    }

    public async Task<ReleaseOutcome> ReleaseAsync(LeasedJob job, InferenceError? error, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            job.Id.Key, job.Attempt, error?.ToJson() ?? "", ScriptArgument.Milliseconds(_options.RetryDelay), _options.MaxFailures,
            ScriptArgument.Milliseconds(_options.ResultTtl),
        ];
        return (ReleaseOutcome)(int)await RunAsync(JobScript.Release, job.Id.Queue, arguments, cancellationToken);
    }

    public async Task<SweepResult> SweepAsync(QueueName queue, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            ScriptArgument.Milliseconds(_options.SweepInterval / 2), SweepBatch, _options.MaxLostLeases, ScriptArgument.Milliseconds(_options.ResultTtl),
            JobErrors.Expired.ToJson(), JobErrors.LeaseLost(_options.MaxLostLeases).ToJson(),
        ];
        var reply = await RunAsync(JobScript.Sweep, queue, arguments, cancellationToken);
        if (reply.IsNull) return default;

        var counts = (RedisResult[])reply!;
        return new SweepResult((int)counts[0], (int)counts[1], (int)counts[2], (int)counts[3]);
    }
}
