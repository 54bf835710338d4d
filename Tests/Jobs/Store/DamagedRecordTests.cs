using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>A job whose record or state cannot be read is put aside with all its data and has failed; nothing else is affected.</summary>
public sealed class DamagedRecordTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Contents that may replace a record. None is of a newer version.</summary>
    public static TheoryData<string> Damages =>
    [
        "1\tx", "1\t", "1", "x", "", "\0\u0001\u0002", "1\t1764340000000\t1999999999999\td\t1\n{}", "1\t1764340000000\t1999999999999\td\t1\ttenant\n{}",
        "1\t176434000000x\t1999999999999\td\t1\tt\t/v1/embeddings\n{}", "1\t1764340000000\tnan          \td\t1\tt\t/v1/embeddings\n{}",
        "1\t1764340000000\t1999999999999\tz\t1\tt\t/v1/embeddings\n{}", "1\t1764340000000\t1999999999999\td\t-1\tt\t/v1/embeddings\n{}",
        "1\t1764340000000\t1999999999999\td\t\tt\t/v1/embeddings\n{}", "list", "hash", "zset", "stream",
    ];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Lease_DamagedRecordInTheLine_PutsItAsideAndGivesTheOthers(string damage)
    {
        await using var sut = StoreSut.On(redis);
        var ids = await sut.SubmitAsync(Enumerable.Range(0, 3).Select(_ => sut.Submission()));
        await DamageAsync(sut, ids[1], damage);

        var leased = await sut.LeaseAsync(10);
        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);

        Assert.Equal([ids[0], ids[2]], leased.Select(job => job.Id));
        Assert.Equal((0, 2, 1), (state.Depth, state.Running, state.Broken));
        await AssertHasFailedAsync(sut, ids[1]);
        await AssertKeptAsync(sut, ids[1], damage);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Sweep_DamagedRecordPastItsDeadline_PutsItAside(string damage)
    {
        await using var sut = StoreSut.On(redis);
        var (damaged, late, waiting) = (await sut.SubmitAsync(), await sut.SubmitAsync(), await sut.SubmitAsync());
        await DamageAsync(sut, damaged, damage);
        await sut.PassAsync("deadlines", damaged);
        await sut.PassAsync("deadlines", late);

        var swept = await sut.SweepAsync();

        Assert.Equal(1, swept.Expired);
        await AssertHasFailedAsync(sut, damaged);
        Assert.Equal((JobStatus.Expired, JobStatus.Queued), (await sut.StatusAsync(late), await sut.StatusAsync(waiting)));
        Assert.Equal(waiting, (await sut.LeaseOneAsync()).Id);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Sweep_DamagedRecordWithALostLease_PutsItAside(string damage)
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxRunningPerTenant", "2"));
        var (damaged, other) = (await sut.SubmitAndLeaseAsync(), await sut.SubmitAndLeaseAsync());
        await DamageAsync(sut, damaged.Id, damage);

        await sut.LoseAsync(damaged, other);

        await AssertHasFailedAsync(sut, damaged.Id);
        Assert.Equal(other.Id, (await sut.LeaseOneAsync()).Id);
        // The tenant's count of running jobs is right: one more may run.
        await sut.SubmitAndLeaseAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("r 1 0 0 0 ")]
    [InlineData("r 1 0 0 0 tenant")]
    [InlineData("r x 0 0 0 tenant worker   q0 r1")]
    [InlineData("z 1 0 0 0 anonymous worker   q0 r1")]
    [InlineData("r 1 0 0 0 anonymous worker   q0\tr1")]
    public async Task Sweep_DamagedStateWithALostLease_PutsItAside(string damage)
    {
        await using var sut = StoreSut.On(redis);
        var damaged = await sut.SubmitAndLeaseAsync();
        await sut.Database.HashSetAsync(sut.Key("state"), damaged.Id.Key, damage);

        Assert.False(await sut.Store.CommitAsync(damaged, StoreSut.Success, Ct));
        Assert.False(Assert.Single(await sut.Store.RenewAsync(sut.Queue, [damaged], Ct)));
        await sut.LoseAsync(damaged);

        await AssertHasFailedAsync(sut, damaged.Id);
        Assert.Equal((0, 0, 1), await CountsAsync(sut));
    }

    [Theory]
    [InlineData("delayed")]
    [InlineData("alone")]
    public async Task Lease_DamagedJobThatWaitsElsewhere_PutsItAside(string index)
    {
        await using var sut = StoreSut.On(redis, ("Jobs:RetryDelay", "00:10:00"));
        var damaged = await sut.SubmitAndLeaseAsync();
        if (index == "delayed") await sut.Store.ReleaseAsync(damaged, StoreSut.Failed, Ct);
        else await sut.LoseAsync(damaged.Id, 0);
        if (index == "alone")
        {
            await sut.LoseAsync(damaged);
            await sut.LoseAsync(damaged.Id, 1);
        }

        await DamageAsync(sut, damaged.Id, "1\tx");
        if (index == "delayed") await sut.PassAsync("delayed", damaged.Id);
        var other = await sut.SubmitAsync();

        await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 1, 1_000_000, isIdle: true, Ct);

        await AssertHasFailedAsync(sut, damaged.Id);
        Assert.Equal(JobStatus.Running, await sut.StatusAsync(other));
    }

    /// <summary>The minimal case: an entry of the deadlines whose record is nonsense, of no tenant and no time.</summary>
    [Fact]
    public async Task Sweep_RecordThatIsNoJobOfOurs_IsPutAside()
    {
        await using var sut = StoreSut.On(redis);
        await sut.Database.StringSetAsync(sut.Key("job:K"), "1\tx");
        await sut.Database.SortedSetAddAsync(sut.Key("deadlines"), "K", 1);

        await sut.SweepAsync();

        Assert.Equal((0, 0, 1), await CountsAsync(sut));
        Assert.False(await sut.Database.KeyExistsAsync(sut.Key("job:K")));
        await sut.SubmitAndLeaseAsync();
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task AnyCall_DamagedJob_SaysThatItHasFailed(string damage)
    {
        await using var sut = StoreSut.On(redis);
        Func<JobId, Task>[] calls =
        [
            id => sut.Store.ReadAsync(id, null, true, Ct), id => sut.Store.ReadAsync(id, "gateway", false, Ct), id => sut.Store.ReadLogAsync(id, 0, "gateway", Ct),
            id => sut.Store.CancelAsync(id, Tenants.Anonymous, Ct), id => sut.Store.RequeueAsync(id, Tenants.Anonymous, Ct),
            id => sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, null, null, 10, Ct),
        ];
        foreach (var call in calls)
        {
            var id = await sut.SubmitAsync();
            await DamageAsync(sut, id, damage);

            await call(id);

            await AssertHasFailedAsync(sut, id);
            Assert.Equal(RequeueOutcome.NotRequeueable, (await sut.Store.RequeueAsync(id, Tenants.Anonymous, Ct)).Outcome);
        }

        Assert.Equal((0, 0, calls.Length), await CountsAsync(sut));
    }

    /// <summary>A damaged job that has ended is found when somebody reads it.</summary>
    [Fact]
    public async Task Read_DamagedResult_HasFailed()
    {
        await using var sut = StoreSut.On(redis);
        var leased = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(leased);
        var record = (string)(await sut.Database.StringGetAsync(sut.Key($"job:{leased.Id.Key}")))!;
        await sut.Database.StringSetAsync(
            sut.Key($"job:{leased.Id.Key}"), record.Replace("s=succeeded", "s=perhaps", StringComparison.Ordinal));

        await AssertHasFailedAsync(sut, leased.Id);
    }

    /// <summary>Whoever waits for it is told.</summary>
    [Fact]
    public async Task Lease_DamagedRecord_TellsWhoWaits()
    {
        await using var sut = StoreSut.On(redis);
        var gateway = await Listener.OnAsync(redis, RedisKeys.Gateway("waiting-gateway"));
        var id = await sut.SubmitAsync();
        await sut.Store.ReadAsync(id, "waiting-gateway", false, Ct);
        await DamageAsync(sut, id, "1\tx");

        await sut.LeaseAsync(1);

        Assert.Contains(
            await gateway.MessagesAsync(), message => message.StartsWith($"ended {sut.Queue}\n{id.Key} 1 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PutAside_ManyAndLargeOnes_KeepsTheNewest()
    {
        // Otherwise a slow disk would hold Redis for longer than a call may take.
        await using var own = RedisServer.With("--appendfsync", "no");
        await own.InitializeAsync();
        await using var sut = StoreSut.On(own);
        var large = new string('x', 9 * 1024 * 1024);
        for (var i = 0; i < 10; i++)
        {
            var id = await sut.SubmitAsync();
            await sut.Database.StringSetAsync(sut.Key($"job:{id.Key}"), $"{(char)('a' + i)}{large}");
            await sut.LeaseAsync(1);
        }

        var kept = await sut.Database.StreamRangeAsync(sut.Key("broken"));
        Assert.Equal(["d", "e", "f", "g", "h", "i", "j"], kept.Select(one => ((string)one["record"]!)[..1]));
        for (var i = 0; i < 1_010; i++)
        {
            await sut.Database.StringSetAsync(sut.Key($"job:K{i}"), "1\tx");
            await sut.Database.SortedSetAddAsync(sut.Key("deadlines"), $"K{i}", 1);
        }

        for (var i = 0; i < 6; i++) await sut.SweepAsync();

        Assert.Equal(1_000, (await sut.Operations.ReadAsync(sut.Queue, Ct)).Broken);
    }

    [Fact]
    public async Task Release_ManyFailures_WaitsADayAtMost()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxFailures", "100"), ("Jobs:RetryDelay", "00:10:00"));
        var leased = await sut.SubmitAndLeaseAsync(sut.Submission(deadline: TimeSpan.FromDays(30)));
        for (var i = 0; i < 60; i++)
        {
            Assert.Equal(ReleaseOutcome.Requeued, await sut.Store.ReleaseAsync(leased, StoreSut.Failed, Ct));
            var due = DateTimeOffset.FromUnixTimeMilliseconds(
                (long)(await sut.Database.SortedSetScoreAsync(sut.Key("delayed"), leased.Id.Key))!);
            Assert.InRange(due - TimeProvider.System.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromDays(1));
            await sut.PassAsync("delayed", leased.Id);
            leased = await sut.LeaseOneAsync();
        }
    }

    private static async Task DamageAsync(StoreSut sut, JobId id, string damage)
    {
        var key = sut.Key($"job:{id.Key}");
        await sut.Database.KeyDeleteAsync(key);
        switch (damage)
        {
            case "list": await sut.Database.ListLeftPushAsync(key, "x"); break;
            case "hash": await sut.Database.HashSetAsync(key, "x", "y"); break;
            case "zset": await sut.Database.SortedSetAddAsync(key, "x", 1); break;
            case "stream": await sut.Database.StreamAddAsync(key, "x", "y"); break;
            default: await sut.Database.StringSetAsync(key, damage); break;
        }
    }

    private static async Task AssertHasFailedAsync(StoreSut sut, JobId id)
    {
        var job = await sut.ReadAsync(id);
        Assert.Equal((JobStatus.Failed, Tenants.Anonymous), (job.Status, job.Tenant));
        Assert.Contains("damaged", job.Error!.Message, StringComparison.Ordinal);
        foreach (var index in (string[])["deadlines", "leases", "delayed", "alone", "dead"])
            Assert.Null(await sut.Database.SortedSetScoreAsync(sut.Key(index), id.Key));
    }

    private static async Task AssertKeptAsync(StoreSut sut, JobId id, string damage)
    {
        var kept = Assert.Single(await sut.Database.StreamRangeAsync(sut.Key("broken")));
        Assert.Equal(id.Key, (string?)kept["job"]);
        if ((string?)kept["kind"] == "string")
        {
            Assert.Equal(damage, (string?)kept["record"]);
            return;
        }

        // The record can be restored unchanged.
        await sut.Database.ExecuteAsync("RESTORE", sut.Key("restored"), 0, kept["record"]);
        Assert.Equal(damage, (string?)kept["kind"]);
        Assert.Equal(damage, (string?)await sut.Database.ExecuteAsync("TYPE", sut.Key("restored")));
    }

    private static async Task<(long Depth, long Running, long Broken)> CountsAsync(StoreSut sut)
    {
        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);
        return (state.Depth, state.Running, state.Broken);
    }
}
