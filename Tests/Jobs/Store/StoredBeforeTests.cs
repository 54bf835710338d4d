using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>
/// Jobs that are in Redis as version 1 of the stored form has them, key by key, when a process of another version comes: what is
/// written here is frozen. A name that a later version adds to a record is passed over.
/// </summary>
public sealed class StoredBeforeTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Body = "{\"input\":\"text\"}";

    [Fact]
    public async Task WaitingJob_StoredBefore_IsLeasedAndSucceeds()
    {
        await using var sut = StoreSut.On(redis);
        var id = await StoreAsync(sut);
        await sut.Database.SortedSetAddAsync(sut.Key("line:d:team-a"), id.Key, Now * 1_000);
        await sut.Database.SortedSetAddAsync(sut.Key("lane:d"), "team-a", 0);

        var leased = await sut.LeaseOneAsync();

        Assert.Equal((id, 1, "team-a", Body), (leased.Id, leased.Attempt, leased.Tenant, Encoding.UTF8.GetString(leased.Body.Span)));
        await sut.CommitAsync(leased);
        Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(id));
    }

    [Fact]
    public async Task RunningJob_ItsWorkerIsGone_RunsAgain()
    {
        await using var sut = StoreSut.On(redis);
        var id = await StoreAsync(sut);
        await sut.Database.HashSetAsync(sut.Key("state"), id.Key, $"r 1 0 0 0 team-a worker-of-before {new string(' ', 39)}q0 r5");
        await sut.Database.HashSetAsync(sut.Key("running"), "team-a", 1);
        await sut.Database.SortedSetAddAsync(sut.Key("leases"), id.Key, Now - 1);

        await sut.SweepAsync();
        var leased = await sut.LeaseOneAsync();

        Assert.Equal((id, 2), (leased.Id, leased.Attempt));
        await sut.CommitAsync(leased);
        var job = await sut.ReadAsync(id);
        Assert.Equal((JobStatus.Succeeded, 2), (job.Status, job.Attempts));
        Assert.Equal(0, await sut.Database.HashLengthAsync(sut.Key("running")));
    }

    [Fact]
    public async Task FinishedJob_StoredBefore_IsRead()
    {
        await using var sut = StoreSut.On(redis);
        var id = await StoreAsync(sut, "\ts=succeeded\ta=1\th=q0 r5 s9\tu={\"total_tokens\":3}\to=application/json", "{\"ok\":1}");

        var job = await sut.ReadAsync(id);

        Assert.Equal((JobStatus.Succeeded, 1, "team-a", "{\"total_tokens\":3}"), (job.Status, job.Attempts, job.Tenant, job.Usage));
        Assert.Equal("{\"ok\":1}", Encoding.UTF8.GetString(job.Output!.Content.Span));
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A record, and the indexes that every job is in until it ends.</summary>
    private static async Task<JobId> StoreAsync(StoreSut sut, string ending = "", string content = Body)
    {
        var id = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow());
        var (created, deadline) = (Now, Now + 300_000);
        await sut.Database.StringSetAsync(
            sut.Key($"job:{id.Key}"), $"1\t{created}\t{deadline}\td\t1\tteam-a\t/v1/embeddings\tz=of a later version{ending}\n{content}");
        await sut.Database.SortedSetAddAsync(sut.Key("jobs:team-a"), id.Key, 0);
        await sut.Database.SetAddAsync(sut.Key("tenants"), "team-a");
        if (ending.Length == 0) await sut.Database.SortedSetAddAsync(sut.Key("deadlines"), id.Key, deadline);
        return id;
    }
}
