using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using FsCheck.Fluent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Leasing;

/// <summary>
/// Any key of a queue may have any content: jobs of other queues still run to their end, no loop dies, and the queue itself serves again,
/// at the latest when the key is deleted.
/// </summary>
public sealed class DamagedKeyTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly string[] Kinds = ["bytes", "empty", "number", "newer", "list", "hash", "set", "zset", "stream"];

    /// <summary>Every key that RedisKeys.cs lists; KEY is that of a job that waits, TENANT the tenant whose it is.</summary>
    private static readonly string[] Keys =
    [
        "job:KEY", "state", "events:KEY", "progress", "line:d:TENANT", "lane:i", "lane:d", "lane:b", "fair:d", "passed", "delayed", "alone",
        "emptied", "leases",
        "deadlines", "dead", "running", "jobs:TENANT", "tenants", "watch", "follow", "paused", "waiting", "offers", "swept", "broken",
        "drained:SLICE",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Damage(string Key, string Kind, byte[] Bytes);

    [Fact]
    public async Task AnyKey_HoldsAnything_NothingElseSuffers()
    {
        var damages = from key in Gen.Elements(Keys)
                      from kind in Gen.Elements(Kinds)
                      from bytes in Gen.ArrayOf(Gen.Choose(0, 255).Select(one => (byte)one))
                      select new Damage(key, kind, bytes);
        var names = (QueueName.ForModel(RedisServer.Unique("damaged")), QueueName.ForModel(RedisServer.Unique("sound")));
        await using var host = await StartAsync(names.Item1, names.Item2);

        await Property.HoldsAsync(damages, mostSteps: 3, cases: 60, steps => CheckAsync(host, names.Item1, names.Item2, steps));
    }

    /// <summary>Every key with every kind once.</summary>
    [Theory]
    [MemberData(nameof(AllKeys))]
    public async Task Key_HoldsEveryKind_NothingElseSuffers(string key)
    {
        var names = (QueueName.ForModel(RedisServer.Unique("damaged")), QueueName.ForModel(RedisServer.Unique("sound")));
        await using var host = await StartAsync(names.Item1, names.Item2);
        foreach (var kind in Kinds) await CheckAsync(host, names.Item1, names.Item2, [new Damage(key, kind, [1, 0, 9, 255])]);
    }

    public static TheoryData<string> AllKeys => [.. Keys];

    private Task<LeasingHost> StartAsync(QueueName damaged, QueueName sound) => LeasingHost.StartAsync(
        redis.ConnectionString, [damaged, sound],
        (job, _) => Task.FromResult(job.Attempt == 1 && job.Body.Span.IndexOf("again"u8) >= 0
            ? JobOutcome.Failure(new InferenceError { Kind = InferenceErrorKind.ModelFailed, Message = "Once more." })
            : JobOutcome.Success(new JobOutput(JobOutput.Json, "{}"u8.ToArray()), null)),
        ("Jobs:SweepInterval", "00:00:00.050"), ("Jobs:PollInterval", "00:00:00.100"), ("Jobs:RetryDelay", "00:00:00.050"),
        ("Jobs:LeaseDuration", "00:00:02"));

    private async Task CheckAsync(LeasingHost host, QueueName damaged, QueueName sound, Damage[] steps)
    {
        foreach (var key in redis.Connection.GetServer(redis.ConnectionString).Keys(pattern: $"ai:{{{damaged}}}:*"))
            await redis.Connection.GetDatabase().KeyDeleteAsync(key);
        foreach (var step in steps)
        {
            var waiting = JobStoreHost.Submission(damaged, "\"again\"");
            await host.Store.SubmitAsync(waiting, Ct);
            var name = await DamageAsync(damaged, waiting.Id, step);

            // Other queues are not affected.
            await EndAsync(host, sound);
            Assert.Equal(HealthStatus.Healthy, await host.LivenessAsync());

            // The queue itself continues, or names the key that keeps it from serving.
            var next = JobStoreHost.Submission(damaged);
            try
            {
                await host.Store.SubmitAsync(next, Ct);
            }
            catch (QueueUnavailableException refused)
            {
                Assert.True(refused.IsPartial, refused.Message);
                Assert.Contains(name, refused.Message, StringComparison.Ordinal);
                await Poll.UntilAsync(
                    async () => (await host.ReadinessAsync()).Entries["background"].Description!.Contains(name, StringComparison.Ordinal), "readiness names the key");
            }

            // The queue serves at the latest when the key is deleted. A damaged record is removed by itself, and its job has failed.
            if (!step.Key.StartsWith("job:", StringComparison.Ordinal)) await redis.Connection.GetDatabase().KeyDeleteAsync(name);
            await EndAsync(host, damaged);
            await Poll.UntilAsync(
                async () => (await host.ReadinessAsync()).Entries["background"].Status == HealthStatus.Healthy, "all loops do their work");
        }
    }

    private static async Task EndAsync(LeasingHost host, QueueName queue)
    {
        var job = JobStoreHost.Submission(queue);
        await host.Store.SubmitAsync(job, Ct);
        await Poll.UntilAsync(
            async () => (await host.Store.ReadAsync(job.Id, null, false, Ct))?.Status == JobStatus.Succeeded, $"a job of {queue} succeeds");
    }

    private async Task<string> DamageAsync(QueueName queue, JobId job, Damage damage)
    {
        var database = redis.Connection.GetDatabase();
        var now = (long)(await redis.Connection.GetServer(redis.ConnectionString).TimeAsync() - DateTime.UnixEpoch).TotalSeconds;
        var name = damage.Key.Replace("KEY", job.Key, StringComparison.Ordinal).Replace("TENANT", Tenants.Anonymous, StringComparison.Ordinal)
            .Replace("SLICE", $"{now / 5}", StringComparison.Ordinal);
        RedisKey key = $"ai:{{{queue}}}:{name}";
        var transaction = database.CreateTransaction();
        _ = transaction.KeyDeleteAsync(key);
        Task written = damage.Kind switch
        {
            "bytes" => transaction.StringSetAsync(key, damage.Bytes),
            "empty" => transaction.StringSetAsync(key, ""),
            "number" => transaction.StringSetAsync(key, "9223372036854775807"),
            "newer" => transaction.StringSetAsync(key, "1\tx"),
            "list" => transaction.ListLeftPushAsync(key, damage.Bytes),
            "hash" => transaction.HashSetAsync(key, damage.Bytes, damage.Bytes),
            "set" => transaction.SetAddAsync(key, damage.Bytes),
            "zset" => transaction.SortedSetAddAsync(key, damage.Bytes, 1),
            _ => transaction.StreamAddAsync(key, "x", damage.Bytes),
        };
        await transaction.ExecuteAsync();
        await written;
        return key.ToString();
    }
}
