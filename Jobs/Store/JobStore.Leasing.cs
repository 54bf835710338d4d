using System.Globalization;
using AiPlatform.Jobs.Redis;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>The operations of workers on jobs.</summary>
internal sealed partial class JobStore
{
    private const int SweepBatch = 200;

    /// <summary>Most jobs in one lease, so that the script does not hold Redis for long.</summary>
    private const int MostLeased = 256;

    private const int RunsAlone = 1;
    private const int WantsIdle = 2;

    // :: Step 4: lease. The jobs whose turn it is, payloads included, as many as the worker has room for.
    public async Task<LeaseResult> LeaseAsync(
        QueueName queue, string worker, int maxJobs, int maxBytes, bool isIdle, LeaseOffer? offer, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            worker, Math.Min(maxJobs, MostLeased), maxBytes, ScriptArgument.Milliseconds(_options.LeaseDuration),
            ScriptArgument.Milliseconds(2 * _options.PollInterval), _options.MaxRunningPerTenant, isIdle ? "1" : "0",
            ScriptArgument.Milliseconds(_options.ResultTtl), ScriptArgument.Milliseconds(_options.EventsTtl), JobErrors.Expired,
            JobErrors.Damaged, offer?.Held ?? 0, offer is { } made ? Math.Max(made.Room, 0) : "", offer?.Received ?? 0,
        ];
        var reply = (RedisResult[])(await RunAsync(JobScript.Lease, queue, arguments, cancellationToken))!;
        var now = (long)reply[0];
        var whatElse = (int)reply[1];
        _metrics.Ended(queue.Model, JobStatus.Expired, (int)reply[2]);
        WerePutAside(queue, reply[4]);
        var jobs = new List<LeasedJob>((reply.Length - 7) / 3);
        for (var at = 7; at + 2 < reply.Length; at += 3)
        {
            var (id, state, record) = (JobId.FromKey((string)reply[at]!, queue), (string)reply[at + 1]!, (byte[])reply[at + 2]!);
            try
            {
                jobs.Add(JobRecord.ReadLease(id, state, record, now));
            }
            catch (FormatException unreadable)
            {
                // If it cannot be put aside now, its lease ends, and another process tries again.
                await TryPutAsideAsync(DamagedRecord.Of(id, record, state, unreadable), CancellationToken.None);
            }
        }

        return new LeaseResult(jobs, whatElse == RunsAlone, whatElse == WantsIdle)
        {
            Newer = (int)reply[3],
            OnTheirWay = (int)reply[5],
            Offered = (int)reply[6],
        };
    }

    public Task WithdrawOfferAsync(QueueName queue, string worker, CancellationToken cancellationToken) =>
        RunAsync(JobScript.Withdraw, queue, [worker], cancellationToken);

    public async Task<bool[]> RenewAsync(QueueName queue, IReadOnlyList<LeasedJob> jobs, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments = [ScriptArgument.Milliseconds(_options.LeaseDuration)];
        foreach (var job in jobs) arguments.AddRange([job.Id.Key, job.Attempt]);

        var held = (RedisResult[])(await RunAsync(JobScript.Renew, queue, [.. arguments], cancellationToken))!;
        return Array.ConvertAll(held, one => (int)one == 1);
    }

    public Task<bool> AppendAsync(LeasedJob job, IReadOnlyList<JobEvent> events, int? known, CancellationToken cancellationToken) =>
        _appends.CallAsync(job.Id.Queue, (job, events, known), cancellationToken);

    // :: Step 7: commit. The result is stored only if the lease is still ours, and published to the Gateways that wait.
    public Task<bool> CommitAsync(LeasedJob job, JobOutcome outcome, CancellationToken cancellationToken) =>
        _commits.CallAsync(job.Id.Queue, (job, outcome), cancellationToken);

    public Task<ReleaseOutcome> ReleaseAsync(LeasedJob job, InferenceError? error, CancellationToken cancellationToken) =>
        ReleaseAsync(job, error, _options.MaxFailures, cancellationToken);

    public Task<ReleaseOutcome> FailAsync(LeasedJob job, InferenceError error, CancellationToken cancellationToken) =>
        ReleaseAsync(job, error, maxFailures: 1, cancellationToken);

    private async Task<ReleaseOutcome> ReleaseAsync(
        LeasedJob job, InferenceError? error, int maxFailures, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            job.Id.Key, job.Attempt, error?.ToJson() ?? "", ScriptArgument.Milliseconds(_options.RetryDelay), maxFailures,
            ScriptArgument.Milliseconds(_options.ResultTtl), ScriptArgument.Milliseconds(_options.DeadLetterTtl),
            ScriptArgument.Milliseconds(_options.EventsTtl),
        ];
        return (ReleaseOutcome)(int)await RunAsync(JobScript.Release, job.Id.Queue, arguments, cancellationToken);
    }

    public async Task<SweepResult> SweepAsync(QueueName queue, CancellationToken cancellationToken)
    {
#pragma warning disable CA5394 // It spreads work, it protects nothing
        var random = Random.Shared.NextDouble().ToString("0.######", CultureInfo.InvariantCulture);
#pragma warning restore CA5394
        RedisValue[] arguments =
        [
            ScriptArgument.Milliseconds(_options.SweepInterval / 2), SweepBatch, _options.MaxLostLeases,
            ScriptArgument.Milliseconds(_options.ResultTtl),
            ScriptArgument.Milliseconds(_options.DeadLetterTtl), ScriptArgument.Milliseconds(_options.EventsTtl),
            JobErrors.Expired,
            JobErrors.LeaseLost(_options.MaxLostLeases), random, JobErrors.Damaged,
        ];
        RedisResult reply;
        try
        {
            reply = await RunAsync(JobScript.Sweep, queue, arguments, cancellationToken);
            _broken.TryRemove(queue, out _);
        }
        catch (QueueUnavailableException partial) when (partial.IsPartial)
        {
            _broken[queue] = true;
            throw;
        }

        if (reply.IsNull) return default;

        var counts = (RedisResult[])reply!;
        WerePutAside(queue, counts[4]);
        return new SweepResult((int)counts[0], (int)counts[1], (int)counts[2], (int)counts[3]);
    }

    private async Task<IReadOnlyList<bool>> AppendAllAsync(
        QueueName queue, IReadOnlyList<(LeasedJob Job, IReadOnlyList<JobEvent> Events, int? Known)> appends)
    {
        _metrics.SentTogether(JobScript.Append.Name, appends.Count);
        List<RedisValue> arguments = [];
        foreach (var (job, events, known) in appends)
        {
            arguments.AddRange([job.Id.Key, job.Attempt, known ?? RedisValue.EmptyString, events.Count]);
            foreach (var one in events) arguments.AddRange([one.Kind, one.Data]);
        }

        var added = (RedisResult[])(await RunAsync(JobScript.Append, queue, [.. arguments], CancellationToken.None))!;
        return Array.ConvertAll(added, one => one.Resp2Type != ResultType.Error && (int)one == 1);
    }

    private async Task<IReadOnlyList<bool>> CommitAllAsync(QueueName queue, IReadOnlyList<(LeasedJob Job, JobOutcome Outcome)> commits)
    {
        _metrics.SentTogether(JobScript.Commit.Name, commits.Count);
        var arguments = new RedisValue[3 + (10 * commits.Count)];
        arguments[0] = ScriptArgument.Milliseconds(_options.ResultTtl);
        arguments[1] = ScriptArgument.Milliseconds(_options.DeadLetterTtl);
        arguments[2] = ScriptArgument.Milliseconds(_options.EventsTtl);
        var next = 3;
        foreach (var (job, outcome) in commits)
        {
            arguments[next++] = job.Id.Key;
            arguments[next++] = job.Attempt;
            arguments[next++] = (outcome.Error is null ? JobStatus.Succeeded : JobStatus.Failed).Name;
            arguments[next++] = job.Ticket?.Tenant ?? "";
            arguments[next++] = job.Ticket?.State ?? "";
            arguments[next++] = outcome.Error is null ? JobRecord.WriteSuccess(job) : "";
            arguments[next++] = job.Ticket?.Watcher ?? "";
            arguments[next++] = job.Ticket?.CountedBytes ?? 0;
            arguments[next++] = JobRecord.WriteOutcome(outcome);
            arguments[next++] = outcome.Error is { IsOfRequest: var fails }
                ? fails ? ""
                : "1" : AsValue(outcome.Output?.Content ?? default);
        }

        var stored = (RedisResult[])(await RunAsync(JobScript.Commit, queue, arguments, CancellationToken.None))!;
        return Array.ConvertAll(stored, one => (int)one == 1);
    }
}
