using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// The jobs in Redis, the only store there is. Every method is one script, so that every change is whole or did not happen;
/// all of them throw <see cref="QueueUnavailableException"/> when Redis does not serve.
/// </summary>
internal sealed partial class JobStore(ScriptRunner scripts, IOptions<JobsOptions> options) : IJobStore
{
    private readonly JobsOptions _options = options.Value;

    // :: Step 3: submit. One script writes the job and makes it wait; the waiter is registered before.
    public async Task<SubmitResult> SubmitAsync(JobSubmission job, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments =
        [
            job.Id.Key, _options.MaxQueueDepth, ScriptArgument.Milliseconds(job.Deadline), job.Watcher ?? "", AsValue(job.Body),
            "endpoint", job.Endpoint, "model", job.Model, "tenant", job.Tenant, "lane", job.Lane,
        ];
        if (job.Metadata is { } metadata) arguments.AddRange(["metadata", metadata]);
        if (job.Traceparent is { } traceparent) arguments.AddRange(["traceparent", traceparent]);

        var reply = (RedisResult[])(await RunAsync(JobScript.Submit, job.Id.Queue, [.. arguments], cancellationToken))!;
        return new SubmitResult((SubmitOutcome)(int)reply[0], (long)reply[1]);
    }

    public async Task<Job?> ReadAsync(JobId id, string? watcher, bool withOutput, CancellationToken cancellationToken)
    {
        var reply = await RunAsync(JobScript.Read, id.Queue, [id.Key, watcher ?? "", withOutput ? "1" : "0"], cancellationToken);
        return reply.IsNull ? null : JobRecord.Read(id, (RedisResult[])reply!, withOutput);
    }

    public async Task<JobStatus?> CancelAsync(JobId id, CancellationToken cancellationToken)
    {
        var reply = (string?)await RunAsync(
            JobScript.Cancel, id.Queue, [id.Key, JobErrors.Canceled.ToJson(), ScriptArgument.Milliseconds(_options.ResultTtl)], cancellationToken);
        return string.IsNullOrEmpty(reply) ? null : JobStatusNames.Parse(reply);
    }

    private Task<RedisResult> RunAsync(JobScript script, QueueName queue, RedisValue[] arguments, CancellationToken cancellationToken) =>
        scripts.RunAsync(script, RedisKeys.Base(queue), arguments, cancellationToken);

    private static RedisValue AsValue(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Count == segment.Array!.Length
            ? segment.Array
            : bytes.ToArray();
}
