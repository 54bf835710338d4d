using System.Runtime.InteropServices;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// The jobs in Redis, the only store there is. Every change is one script, so that it is whole or did not happen; all methods
/// throw <see cref="QueueUnavailableException"/> when Redis does not serve. What is called often is sent together.
/// </summary>
internal sealed partial class JobStore : IJobStore
{
    private const int MostCalls = 128;
    private const int MostBytes = 1024 * 1024;

    /// <summary>Events of a log that are read at once.</summary>
    private const int MostEvents = 1_000;

    /// <summary>Jobs that one call of the list looks at, for those that fit.</summary>
    private const int MostListed = 1_000;

    private readonly ScriptRunner _scripts;
    private readonly JobMetrics _metrics;
    private readonly JobsOptions _options;
    private readonly CallGatherer<JobSubmission, SubmitResult> _submits;
    private readonly CallGatherer<(JobId Id, string? Watcher, bool WithOutput), JobReading> _reads;
    private readonly CallGatherer<(LeasedJob Job, JobOutcome Outcome), bool> _commits;

    public JobStore(ScriptRunner scripts, JobMetrics metrics, IOptions<JobsOptions> options)
    {
        _scripts = scripts;
        _metrics = metrics;
        _options = options.Value;
        _submits = new(SubmitAllAsync, MostCalls, MostBytes, static job => job.Body.Length);
        _reads = new(ReadAllAsync, MostCalls, MostBytes, static _ => 0);
        _commits = new(CommitAllAsync, MostCalls, MostBytes, static commit => commit.Outcome.Output?.Content.Length ?? 0);
    }

    // :: Step 3: submit. One script writes the job and makes it wait; the waiter is registered before.
    public Task<SubmitResult> SubmitAsync(JobSubmission job, CancellationToken cancellationToken) =>
        _submits.CallAsync(job.Id.Queue, job, cancellationToken);

    public async Task<Job?> ReadAsync(JobId id, string? watcher, bool withOutput, CancellationToken cancellationToken) =>
        (await _reads.CallAsync(id.Queue, (id, watcher, withOutput), cancellationToken)).Known();

    public async Task<JobLog?> ReadLogAsync(JobId id, long after, string? follower, CancellationToken cancellationToken)
    {
        var reply = await RunAsync(JobScript.Events, id.Queue, [id.Key, after, follower ?? "", MostEvents], cancellationToken);
        if (reply.IsNull) return null;

        var parts = (RedisResult[])reply!;
        var job = JobRecord.Read(id, (byte[])parts[0]!, (string)parts[1]!, -1, withOutput: true);
        var events = Array.ConvertAll((RedisResult[])parts[2]!, entry => ReadEvent((RedisResult[])entry!));
        return new JobLog(job, events, events.Length < MostEvents);
    }

    public async Task<IReadOnlyList<Job>> ListAsync(
        QueueName queue, string tenant, JobStatus? status, string? before, int limit, CancellationToken cancellationToken)
    {
        List<Job> jobs = [];
        do
        {
            RedisValue[] arguments = [tenant, status?.Name ?? "", before ?? "", limit - jobs.Count, MostListed];
            var reply = (RedisResult[])(await RunAsync(JobScript.List, queue, arguments, cancellationToken))!;
            before = (string?)reply[0];
            for (var i = 1; i + 2 < reply.Length; i += 3)
                jobs.Add(Read(JobId.FromKey((string)reply[i]!, queue), reply[i + 1], reply[i + 2], position: -1, withOutput: false).Known()!);
        }
        while (jobs.Count < limit && !string.IsNullOrEmpty(before));

        return jobs;
    }

    public async Task<JobStatus?> CancelAsync(JobId id, string tenant, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            id.Key, tenant, JobErrors.Canceled.ToJson(), ScriptArgument.Milliseconds(_options.ResultTtl), ScriptArgument.Milliseconds(_options.EventsTtl),
        ];
        var reply = (string?)await RunAsync(JobScript.Cancel, id.Queue, arguments, cancellationToken);
        if (string.IsNullOrEmpty(reply)) return null;

        var before = JobStatusNames.Parse(reply);
        if (!before.IsFinished) _metrics.Ended(id.Queue.Model, JobStatus.Canceled);
        return before;
    }

    public async Task<RequeueResult> RequeueAsync(JobId id, string tenant, CancellationToken cancellationToken)
    {
        RedisValue[] arguments = [id.Key, tenant, _options.MaxQueueDepth, _options.MaxQueuedPerTenant];
        var reply = (RedisResult[])(await RunAsync(JobScript.Requeue, id.Queue, arguments, cancellationToken))!;
        return new RequeueResult((RequeueOutcome)(int)reply[0], (long)reply[1], (long)reply[2] / 1000d);
    }

    private async Task<IReadOnlyList<SubmitResult>> SubmitAllAsync(QueueName queue, IReadOnlyList<JobSubmission> jobs)
    {
        _metrics.SentTogether(JobScript.Submit.Name, jobs.Count);
        var arguments = new RedisValue[2 + (6 * jobs.Count)];
        arguments[0] = _options.MaxQueueDepth;
        arguments[1] = _options.MaxQueuedPerTenant;
        var next = 2;
        foreach (var job in jobs)
        {
            arguments[next++] = job.Id.Key;
            arguments[next++] = job.Tenant;
            arguments[next++] = job.Lane.Letter;
            arguments[next++] = ScriptArgument.Milliseconds(job.Deadline);
            arguments[next++] = JobRecord.WriteHead(job);
            arguments[next++] = AsValue(job.Body);
        }

        var reply = (RedisResult[])(await RunAsync(JobScript.Submit, queue, arguments, CancellationToken.None))!;
        var at = DateTimeOffset.FromUnixTimeMilliseconds((long)reply[0]);
        var depth = (long)reply[1];
        var rate = (long)reply[2] / 1000d;
        var results = new SubmitResult[jobs.Count];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = new SubmitResult((SubmitOutcome)(int)reply[3 + i], at, depth, rate);
            if (results[i].Outcome == SubmitOutcome.Accepted) depth++;
        }

        return results;
    }

    private async Task<IReadOnlyList<JobReading>> ReadAllAsync(QueueName queue, IReadOnlyList<(JobId Id, string? Watcher, bool WithOutput)> reads)
    {
        _metrics.SentTogether(JobScript.Read.Name, reads.Count);
        var arguments = new RedisValue[3 * reads.Count];
        for (var i = 0; i < reads.Count; i++)
        {
            arguments[3 * i] = reads[i].Id.Key;
            arguments[(3 * i) + 1] = reads[i].Watcher ?? "";
            arguments[(3 * i) + 2] = reads[i].WithOutput ? "1" : "0";
        }

        var rows = (RedisResult[])(await RunAsync(JobScript.Read, queue, arguments, CancellationToken.None))!;
        var jobs = new JobReading[reads.Count];
        for (var i = 0; i < jobs.Length; i++)
        {
            var row = (RedisResult[])rows[i]!;
            if (row.Length > 0) jobs[i] = Read(reads[i].Id, row[0], row[1], (long)row[2], reads[i].WithOutput);
        }

        return jobs;
    }

    /// <summary>One job that cannot be read must not take those away that were read with it.</summary>
    private static JobReading Read(JobId id, RedisResult record, RedisResult state, long position, bool withOutput)
    {
        try
        {
            return new JobReading(JobRecord.Read(id, (byte[])record!, (string)state!, position, withOutput), IsNewer: false);
        }
        catch (NewerRecordException)
        {
            return new JobReading(null, IsNewer: true);
        }
    }

    private static JobEvent ReadEvent(RedisResult[] entry)
    {
        var number = ((string)entry[0]!).Split('-')[0];
        var pair = (RedisResult[])entry[1]!;
        return new JobEvent(long.Parse(number, System.Globalization.CultureInfo.InvariantCulture), (string)pair[0]!, (string)pair[1]!);
    }

    private Task<RedisResult> RunAsync(JobScript script, QueueName queue, RedisValue[] arguments, CancellationToken cancellationToken) =>
        _scripts.RunAsync(script, RedisKeys.Base(queue), arguments, cancellationToken);

    private static RedisValue AsValue(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : bytes.ToArray();
}
