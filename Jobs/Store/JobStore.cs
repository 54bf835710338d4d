using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// The jobs in Redis, which is the only store. Every change is one script, so it happens as a whole or not at all. All methods throw
/// <see cref="QueueUnavailableException"/> when Redis does not serve. Frequent calls are coalesced.
/// </summary>
internal sealed partial class JobStore : IJobStore
{
    private const int MostCalls = 128;
    private const int MostBytes = 1024 * 1024;

    /// <summary>Most events of a log in one read.</summary>
    private const int MostEvents = 1_000;

    /// <summary>Most jobs that one script of the list examines, so that it does not hold Redis for long.</summary>
    private const int MostListed = 1_000;

    /// <summary>Most scripts that one call of the list runs.</summary>
    private const int MostListings = 10;

    private readonly ScriptRunner _scripts;
    private readonly JobMetrics _metrics;
    private readonly ILogger<JobStore> _logger;
    private readonly JobsOptions _options;

    /// <summary>
    /// The queues whose last sweep failed on what Redis holds. Redis would accept a job of such a queue, but no worker could lease it.
    /// </summary>
    private readonly ConcurrentDictionary<QueueName, bool> _broken = [];

    private readonly CallGatherer<JobSubmission, SubmitResult> _submits;
    private readonly CallGatherer<(JobId Id, string? Watcher, bool WithOutput), JobReading> _reads;
    private readonly CallGatherer<(LeasedJob Job, JobOutcome Outcome), bool> _commits;
    private readonly CallGatherer<(LeasedJob Job, IReadOnlyList<JobEvent> Events, int? Known), bool> _appends;

    public JobStore(ScriptRunner scripts, JobMetrics metrics, IOptions<JobsOptions> options, ILogger<JobStore> logger)
    {
        _logger = logger;
        _scripts = scripts;
        _metrics = metrics;
        _options = options.Value;
        _submits = new(SubmitAllAsync, MostCalls, MostBytes, static job => job.Body.Length);
        _reads = new(ReadAllAsync, MostCalls, MostBytes, static _ => 0);
        _appends = new(AppendAllAsync, MostCalls, MostBytes, static append => append.Events.Sum(one => one.Data.Length));
        _commits = new(CommitAllAsync, MostCalls, MostBytes, static commit => commit.Outcome.Output?.Content.Length ?? 0);
    }

    // // :: Step 3: submit. One script writes the job and enqueues it; the waiter is registered before.
    public Task<SubmitResult> SubmitAsync(JobSubmission job, CancellationToken cancellationToken) =>
        _broken.ContainsKey(job.Id.Queue) ? SubmitIfMendedAsync(job, cancellationToken)
            : _submits.CallAsync(job.Id.Queue, job, cancellationToken);

    public async Task<Job?> ReadAsync(JobId id, string? watcher, bool withOutput, CancellationToken cancellationToken)
    {
        var read = await _reads.CallAsync(id.Queue, (id, watcher, withOutput), cancellationToken);
        // A job that was put aside has failed, and readers get this status.
        if (read.Damage is not null && await TryPutAsideAsync(read.Damage, cancellationToken))
            read = await _reads.CallAsync(id.Queue, (id, watcher, withOutput), cancellationToken);
        return read.Known();
    }

    public async Task<JobLog?> ReadLogAsync(JobId id, long after, string? follower, CancellationToken cancellationToken)
    {
        RedisValue[] arguments = [id.Key, after, follower ?? "", MostEvents];
        var reply = follower is null ? await RunAsync(JobScript.Events, id.Queue, arguments, cancellationToken) : null;
        try
        {
            if (reply is null or { IsNull: true }) reply = await RunAsync(JobScript.Follow, id.Queue, arguments, cancellationToken);
        }
        catch (QueueUnavailableException refused) when (refused.RefusesWrites)
        {
            // Without a subscription to new events, the reader polls.
            reply ??= await RunAsync(JobScript.Events, id.Queue, arguments, cancellationToken);
            if (reply.IsNull) throw RedisRefusals.Doubt(refused);
        }

        if (reply.IsNull) return null;

        var parts = (RedisResult[])reply!;
        var job = Read(id, parts[0], parts[1], -1, withOutput: true) is { Damage: null } whole
            ? whole.Known()
            : await ReadAsync(id, watcher: null, withOutput: true, cancellationToken);
        if (job is null) return null;

        var entries = (RedisResult[])parts[2]!;
        return new JobLog(
            job, [.. entries.Select(entry => ReadEvent((RedisResult[])entry!)).OfType<JobEvent>()], entries.Length < MostEvents);
    }

    public async Task<JobPage> ListAsync(
        QueueName queue, string tenant, JobStatus? status, string? before, int limit, CancellationToken cancellationToken)
    {
        List<Job> jobs = [];
        for (var listings = 0; listings < MostListings; listings++)
        {
            RedisValue[] arguments = [tenant, status?.Name ?? "", before ?? "", limit - jobs.Count, MostListed];
            var reply = (RedisResult[])(await RunAsync(JobScript.List, queue, arguments, cancellationToken))!;
            before = (string?)reply[0];
            for (var i = 1; i + 2 < reply.Length; i += 3)
            {
                var id = JobId.FromKey((string)reply[i]!, queue);
                var job = Read(id, reply[i + 1], reply[i + 2], position: -1, withOutput: false) is { Damage: null } whole
                    ? whole.Known()
                    : await ReadAsync(id, watcher: null, withOutput: false, cancellationToken);
                if (job is not null && (status is null || status == job.Status)) jobs.Add(job);
            }

            if (jobs.Count >= limit || string.IsNullOrEmpty(before)) return new JobPage(jobs, null);
        }

        return new JobPage(jobs, before);
    }

    public Task ConfirmAsync(QueueName queue, CancellationToken cancellationToken) =>
        _scripts.ConfirmAsync(RedisKeys.Base(queue), cancellationToken);

    public Task<JobStatus?> CancelAsync(JobId id, string tenant, CancellationToken cancellationToken) =>
        EndAsync(id, tenant, onlyWaiting: false, cancellationToken);

    public Task<JobStatus?> WithdrawAsync(JobId id, string tenant, CancellationToken cancellationToken) =>
        EndAsync(id, tenant, onlyWaiting: true, cancellationToken);

    private async Task<JobStatus?> EndAsync(JobId id, string tenant, bool onlyWaiting, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            id.Key, tenant, JobErrors.Canceled, ScriptArgument.Milliseconds(_options.ResultTtl),
            ScriptArgument.Milliseconds(_options.EventsTtl),
            onlyWaiting ? "1" : "0",
        ];
        var reply = (string?)await RunOnSoundAsync(JobScript.Cancel, id, arguments, cancellationToken);
        if (string.IsNullOrEmpty(reply)) return null;

        var before = JobStatusNames.Parse(reply);
        var hasEnded = before == JobStatus.Queued || (before == JobStatus.Running && !onlyWaiting);
        if (hasEnded) _metrics.Ended(id.Queue.Model, JobStatus.Canceled);
        return before;
    }

    public async Task<RequeueResult> RequeueAsync(JobId id, string tenant, CancellationToken cancellationToken)
    {
        RedisValue[] arguments = [id.Key, tenant, _options.MaxQueueDepth, _options.MaxQueuedPerTenant];
        var reply = (RedisResult[])(await RunOnSoundAsync(JobScript.Requeue, id, arguments, cancellationToken))!;
        return new RequeueResult((RequeueOutcome)(int)reply[0], (long)reply[1], (long)reply[2] / 1000d);
    }

    private async Task<IReadOnlyList<SubmitResult>> SubmitAllAsync(QueueName queue, IReadOnlyList<JobSubmission> jobs)
    {
        _metrics.SentTogether(JobScript.Submit.Name, jobs.Count);
        var arguments = new RedisValue[3 + (8 * jobs.Count)];
        arguments[0] = _options.MaxQueueDepth;
        arguments[1] = _options.MaxQueuedPerTenant;
        arguments[2] = _options.MaxBytesPerTenant;
        var next = 3;
        foreach (var job in jobs)
        {
            arguments[next++] = job.Id.Key;
            arguments[next++] = job.Tenant;
            arguments[next++] = job.Lane.Letter;
            arguments[next++] = ScriptArgument.Milliseconds(job.Deadline);
            arguments[next++] = JobRecord.WriteHead(job);
            arguments[next++] = AsValue(job.Body);
            arguments[next++] = job.ResultBytes;
            arguments[next++] = job.Watcher is null ? "1" : "0";
        }

        var reply = (RedisResult[])(await RunAsync(JobScript.Submit, queue, arguments, CancellationToken.None))!;
        var at = DateTimeOffset.FromUnixTimeMilliseconds((long)reply[0]);
        var depth = (long)reply[1];
        var rate = (long)reply[2] / 1000d;
        var results = new SubmitResult[jobs.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var place = (long)reply[4 + (2 * i)];
            results[i] = new SubmitResult((SubmitOutcome)(int)reply[3 + (2 * i)], at, depth, rate) { Position = place < 0 ? null : place };
            if (results[i].Outcome == SubmitOutcome.Accepted) depth++;
        }

        return results;
    }

    private async Task<IReadOnlyList<JobReading>> ReadAllAsync(
        QueueName queue, IReadOnlyList<(JobId Id, string? Watcher, bool WithOutput)> reads)
    {
        _metrics.SentTogether(JobScript.Read.Name, reads.Count);
        if (reads.All(read => read.Watcher is null))
            return await ConfirmAllAsync(queue, reads, await ReadAllAsync(JobScript.Read, queue, reads));

        try
        {
            return await ReadAllAsync(JobScript.Watch, queue, reads);
        }
        catch (QueueUnavailableException refused) when (refused.RefusesWrites)
        {
            // Without a subscription to the end, the reader polls.
            var jobs = await ReadAllAsync(JobScript.Read, queue, reads);
            return [.. jobs.Select(job => job.IsThere ? job : new JobReading(null, Doubt: refused))];
        }
    }

    /// <summary>Asks for those that were not found once more, with a script that is refused where the data may be old.</summary>
    private async Task<IReadOnlyList<JobReading>> ConfirmAllAsync(
        QueueName queue, IReadOnlyList<(JobId Id, string? Watcher, bool WithOutput)> reads, JobReading[] jobs)
    {
        int[] missing = [.. Enumerable.Range(0, jobs.Length).Where(i => !jobs[i].IsThere)];
        if (missing.Length == 0) return jobs;

        try
        {
            var again = await ReadAllAsync(JobScript.Watch, queue, [.. missing.Select(i => reads[i])]);
            for (var i = 0; i < missing.Length; i++) jobs[missing[i]] = again[i];
        }
        catch (QueueUnavailableException away)
        {
            foreach (var i in missing) jobs[i] = new JobReading(null, Doubt: away);
        }

        return jobs;
    }

    private async Task<JobReading[]> ReadAllAsync(
        JobScript script, QueueName queue, IReadOnlyList<(JobId Id, string? Watcher, bool WithOutput)> reads)
    {
        var arguments = new RedisValue[3 * reads.Count];
        for (var i = 0; i < reads.Count; i++)
        {
            arguments[3 * i] = reads[i].Id.Key;
            arguments[(3 * i) + 1] = reads[i].Watcher ?? "";
            arguments[(3 * i) + 2] = reads[i].WithOutput ? "1" : "0";
        }

        var rows = (RedisResult[])(await RunAsync(script, queue, arguments, CancellationToken.None))!;
        var jobs = new JobReading[reads.Count];
        for (var i = 0; i < jobs.Length; i++)
        {
            var row = (RedisResult[])rows[i]!;
            if (row.Length > 0) jobs[i] = Read(reads[i].Id, row[0], row[1], (long)row[2], reads[i].WithOutput);
        }

        return jobs;
    }

    /// <summary>Reads one of several jobs. A job that cannot be read must not affect the others.</summary>
    private static JobReading Read(JobId id, RedisResult record, RedisResult state, long position, bool withOutput)
    {
        try
        {
            return new JobReading(JobRecord.Read(id, (byte[])record!, (string)state!, position, withOutput));
        }
        catch (NewerRecordException)
        {
            return new JobReading(null, IsNewer: true);
        }
        catch (FormatException unreadable)
        {
            return new JobReading(null, Damage: DamagedRecord.Of(id, (byte[])record!, (string)state!, unreadable));
        }
    }

    /// <summary>Puts a job aside that cannot be read; false when Redis refuses it now.</summary>
    private async Task<bool> TryPutAsideAsync(DamagedRecord damage, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            damage.Id.Key, damage.Head, damage.State, damage.Why, ScriptArgument.Milliseconds(_options.ResultTtl),
            JobErrors.Damaged,
        ];
        try
        {
            var isAside = (int)await RunAsync(JobScript.PutAside, damage.Id.Queue, arguments, cancellationToken) == 1;
            if (isAside) WasPutAside(damage.Id, damage.Why);
            return true;
        }
        catch (QueueUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Logs and counts once that a job was put aside.</summary>
    private void WasPutAside(JobId id, string why)
    {
        Log.PutAside(_logger, id, why);
        _metrics.PutAside(id.Queue.Model);
        _metrics.Ended(id.Queue.Model, JobStatus.Failed);
    }

    /// <summary>Logs and counts the jobs that a script put aside, which returns id and reason of each.</summary>
    private void WerePutAside(QueueName queue, RedisResult pairs)
    {
        var texts = (RedisResult[])pairs!;
        for (var i = 0; i + 1 < texts.Length; i += 2) WasPutAside(JobId.FromKey((string)texts[i]!, queue), (string)texts[i + 1]!);
    }

    /// <summary>Runs a script that changes a job; a damaged job is put aside first.</summary>
    private async Task<RedisResult> RunOnSoundAsync(JobScript script, JobId id, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(script, id.Queue, arguments, cancellationToken);
        }
        catch (QueueUnavailableException damaged) when (damaged.IsDamaged)
        {
            await ReadAsync(id, watcher: null, withOutput: false, cancellationToken);
            return await RunAsync(script, id.Queue, arguments, cancellationToken);
        }
    }

    /// <summary>Reads an event; null for an entry that this platform did not write.</summary>
    private static JobEvent? ReadEvent(RedisResult[] entry) =>
        long.TryParse(((string)entry[0]!).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (RedisResult[])entry[1]! is [var kind, var data, ..]
                ? new JobEvent(number, (string)kind!, (string)data!)
                : null;

    private async Task<SubmitResult> SubmitIfMendedAsync(JobSubmission job, CancellationToken cancellationToken)
    {
        var queue = job.Id.Queue;
        if (await ProblemAsync(queue, cancellationToken) is { } problem) throw new QueueUnavailableException(problem) { IsPartial = true };
        _broken.TryRemove(queue, out _);
        return await _submits.CallAsync(queue, job, cancellationToken);
    }

    /// <summary>What a queue's keys hold that they must not; null when they are right.</summary>
    private async Task<string?> ProblemAsync(QueueName queue, CancellationToken cancellationToken) => QueueProblem.In(
        (RedisResult[])(await _scripts.RunAsync(JobScript.Queue, RedisKeys.Base(queue), ["1"], cancellationToken))!);

    private async Task<RedisResult> RunAsync(JobScript script, QueueName queue, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await _scripts.RunAsync(script, RedisKeys.Base(queue), arguments, cancellationToken);
        }
        catch (QueueUnavailableException partial) when (partial.IsPartial && !partial.IsDamaged)
        {
            // Redis does not say which key has the wrong type.
            throw await ProblemAsync(queue, cancellationToken) is { } problem
                ? new QueueUnavailableException(problem, partial) { IsPartial = true }
                : partial;
        }
    }

    private static RedisValue AsValue(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : bytes.ToArray();
}
