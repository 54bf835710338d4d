using AiPlatform.Jobs;
using AiPlatform.Jobs.Answers;
using AiPlatform.Jobs.Idempotency;
using AiPlatform.Jobs.Limits;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Jobs.Redis;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>In a cluster a script may use the keys of one slot only, which is the slot of its one declared key.</summary>
public sealed class ClusterTests(RedisCluster cluster) : IClassFixture<RedisCluster>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scripts_InACluster_AllRun()
    {
        await using var sut = StoreSut.On(cluster.Node, ("Jobs:MaxFailures", "1"), ("Jobs:MaxLostLeases", "3"));
        await using var patient = sut.With(("Jobs:RetryDelay", "00:00:00"));
        await using var host = JobStoreHost.On(cluster.Node.Connection);
        var id = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow());
        Assert.Equal(id, await host.Keys.ClaimAsync("team-a", new IdempotencyKey("k", "hash"), id, Ct));
        await host.Keys.ReleaseAsync("team-a", new IdempotencyKey("k", "hash"), id, Ct);
        foreach (var lane in Enum.GetValues<Lane>())
        {
            var some = sut.Submission() with { Lane = lane, Watcher = "gateway-1" };
            await sut.SubmitAsync(Enumerable.Range(0, 8).Select(i => some with { Id = sut.Submission().Id, Tenant = $"t-{i % 3}" }));
        }


        for (var turn = 0; (await sut.Operations.ReadAsync(sut.Queue, Ct)).Depth > 0; turn++)
        {
            var jobs = (await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 3, 1_000_000, isIdle: turn % 2 == 0, Ct)).Jobs;
            if (jobs.Count > 0) await sut.Store.RenewAsync(sut.Queue, jobs, Ct);
            for (var i = 0; i < jobs.Count; i++) await EndAsync(sut, patient, jobs[i], turn + i);
        }

        await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 3, 1_000_000, isIdle: false, new LeaseOffer(0, 3, 0), Ct);
        await sut.Store.ReadAsync(await sut.SubmitAsync(), null, true, Ct);
        await sut.Store.WithdrawOfferAsync(sut.Queue, StoreSut.Worker, Ct);
        await sut.Store.ReadLogAsync(await sut.SubmitAsync(), 0, null, Ct);
        await sut.Store.ReadLogAsync(await sut.SubmitAsync(), 0, "gateway-1", Ct);
        var damaged = await sut.SubmitAsync();
        await sut.Database.StringSetAsync(sut.Key($"job:{damaged.Key}"), "1\tx");
        Assert.Equal(JobStatus.Failed, await sut.StatusAsync(damaged));
        foreach (var status in Enum.GetValues<JobStatus>()) await sut.Store.ListAsync(sut.Queue, "t-1", status, null, 10, Ct);
        Assert.NotEqual(0, await sut.Operations.RequeueDeadAsync(sut.Queue, Ct));
        await sut.Operations.PauseAsync(sut.Queue, Ct);
        await sut.Operations.ResumeAsync(sut.Queue, Ct);
        await host.Catalog.LeaveAsync(StoreSut.Worker, Ct);
        var (usage, answers) = (host.Get<IUsageStore>(), host.Get<IAnswerStore>());
        var used = new UsageOfCalls(new Dictionary<string, UsageCount> { ["m"] = new(1, 0, 2, 3) }, [new UsedHold("call-1", 5)]);
        await usage.AddAsync(new DateOnly(2026, 1, 1), "team-a", used, new UsageWrite("w", 1), Ct);
        var all = new CallLimits { RequestsPerMinute = 9, TokensPerMinute = 9, ConcurrentCalls = 9, TokensPerDay = 9, TokensPerMonth = 9 };
        var (limits, caller) = (host.Get<ILimitStore>(), new LimitedCaller("team-a", all, "key", all));
        await limits.TakeAsync(caller, new LimitRequest("call-1", 5, TimeSpan.FromMinutes(1), TakesSlot: true), Ct);
        await limits.RenewAsync("team-a", [("", "call-1"), ("key", "call-1")], Ct);
        await limits.EndAsync(caller, "call-1", 3, isFinal: false, hasSlots: true, Ct);
        Assert.Single(await usage.ReadAsync(new DateOnly(2026, 1, 1), new DateOnly(2026, 1, 2), "team-a", Ct));
        await answers.RememberAsync("team-a", "00ff", new byte[] { 1 }, TimeSpan.FromMinutes(1), Ct);
        Assert.Equal([1], await answers.RecallAsync("team-a", "00ff", Ct));
        await host.Catalog.ReadAsync(Ct);
        await sut.Store.ConfirmAsync(sut.Queue, Ct);

        foreach (var script in JobScriptTests.Scripts)
        {
            var known = (RedisResult[])(await sut.Database.ExecuteAsync("SCRIPT", "EXISTS", Convert.ToHexStringLower(script.Hash)))!;
            Assert.True((long)known[0] == 1, $"{script.Name} has not run.");
        }
    }

    [Fact]
    public async Task Script_TouchesAKeyOfAnotherSlot_IsRefused()
    {
        var database = cluster.Node.Connection.GetDatabase();
        RedisKey key = RedisKeys.Base(QueueName.ForModel("one"));
        Task<RedisResult> RunAsync(string other) =>
            database.ExecuteAsync("EVAL", $"#!lua\nredis.call('SET', KEYS[1] .. 'a', '1')\nreturn redis.call('SET', '{other}', '1')", 1, key);

        await RunAsync("ai:{one}:b");
        var refused = await Assert.ThrowsAnyAsync<RedisServerException>(() => RunAsync("ai:{two}:b"));

        Assert.Contains("Script attempted to access", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scripts_All_BeginWithTheLineThatForbidsOtherSlots()
    {
        Assert.NotEmpty(JobScriptTests.Scripts);
        Assert.All(JobScriptTests.Scripts, script => Assert.Matches("^#!lua( flags=(allow-oom|no-writes))?\n", script.Text));
        Assert.All(JobScriptTests.Scripts, script => Assert.DoesNotContain("-- include", script.Text, StringComparison.Ordinal));
    }

    private static async Task EndAsync(StoreSut sut, StoreSut patient, LeasedJob job, int how)
    {
        await sut.Store.AppendAsync(job, [new JobEvent(0, JobEvent.Progress, "1")], Ct);
        var tenant = (await sut.Store.ReadAsync(job.Id, "gateway-2", false, Ct))!.Tenant;
        await sut.Store.ReadLogAsync(job.Id, 0, "gateway-2", Ct);
        switch (how % 6)
        {
            case 0: await sut.CommitAsync(job); break;
            case 1: await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct); break;
            case 2: await sut.LoseAsync(job); break;
            case 3:
                await sut.PassAsync("deadlines", job.Id);
                await sut.SweepAsync();
                break;
            case 4:
                await sut.Store.CancelAsync(job.Id, tenant, Ct);
                await sut.Store.RequeueAsync(job.Id, tenant, Ct);
                break;
            case 5: await patient.Store.ReleaseAsync(job, StoreSut.Failed, Ct); break;
        }
    }
}
