using System.Text;
using System.Text.RegularExpressions;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Store;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Workers offer to run more jobs than there were; submits lease to them at once, and send them the jobs.</summary>
public sealed class OfferTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly string _worker = RedisServer.Unique("worker");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitAsync_WorkerOffersRoom_LeasesToItAndSendsTheJob()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:LeaseDuration", "00:00:07"));
        var (messages, doorbell) = (await ListenAsync(_worker), await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue)));
        await OfferAsync(sut, _worker, held: 2, room: 3);

        var result = await sut.Store.SubmitAsync(sut.Submission("""{"text":"ü"}"""), Ct);

        Assert.Equal((SubmitOutcome.Accepted, 0L), (result.Outcome, result.Position));
        Assert.Empty(await doorbell.MessagesAsync());
        var job = Assert.Single(await HandedAsync(messages));
        Assert.Equal((1, """{"text":"ü"}"""), (job.Attempt, Encoding.UTF8.GetString(job.Body.Span)));
        Assert.Equal(JobStatus.Running, await sut.StatusAsync(job.Id));
        var submitted = (await sut.ReadAsync(job.Id)).CreatedAt.ToUnixTimeMilliseconds();
        Assert.Equal(submitted + 7_000, await sut.Database.SortedSetScoreAsync(sut.Key("leases"), job.Id.Key));
        Assert.EndsWith($" 1 {submitted}", await sut.Database.HashGetAsync(sut.Key("offers"), _worker));
        Assert.Equal((0L, 1L), await DepthAsync(sut));
        Assert.True((await sut.Store.RenewAsync(sut.Queue, [job], Ct))[0]);
        await sut.CommitAsync(job);
        Assert.Equal((JobStatus.Succeeded, 1), ((await sut.ReadAsync(job.Id)).Status, (await sut.ReadAsync(job.Id)).Attempts));
        Assert.Equal((0L, 0L), await DepthAsync(sut));
    }

    /// <summary>What a worker gets this way is what it would have leased, so everything behind it is the same.</summary>
    [Fact]
    public async Task SubmitAsync_WorkerOffersRoom_StoresWhatALeaseStores()
    {
        await using var sut = StoreSut.On(redis);
        await using var leasing = StoreSut.On(redis);
        await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 1);

        var handed = await sut.SubmitAsync(sut.Submission(watcher: "gateway"));
        var leased = await leasing.SubmitAsync(leasing.Submission(watcher: "gateway"));
        await leasing.LeaseAsync(1, worker: _worker);

        Assert.Equal(await StatesAsync(leasing, leased), await StatesAsync(sut, handed));
        await sut.PassAsync("leases", handed);
        await sut.SweepAsync();
        Assert.Equal(JobStatus.Queued, await sut.StatusAsync(handed));
    }

    [Fact]
    public async Task SubmitAsync_ManyJobsAtOnce_FitIntoTheRoomOfTwoWorkers()
    {
        await using var sut = StoreSut.On(redis);
        var other = RedisServer.Unique("worker");
        var (messages, otherMessages) = (await ListenAsync(_worker), await ListenAsync(other));
        await OfferAsync(sut, _worker, held: 0, room: 20);
        await OfferAsync(sut, other, held: 6, room: 20);

        var ids = await sut.SubmitAsync(Enumerable.Range(0, 30).Select(_ => sut.Submission()));

        var (some, others) = (await HandedAsync(messages), await HandedAsync(otherMessages));
        Assert.Equal(ids.Select(id => id.Key).Order(), some.Concat(others).Select(job => job.Id.Key).Order());
        Assert.Equal((18, 12), (some.Count, others.Count));
    }

    /// <summary>The worker that runs fewer jobs gets them only as long as it has room.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitAsync_IdleWorkerHasLittleRoom_TheOtherGetsTheRest(bool offersFirst)
    {
        await using var sut = StoreSut.On(redis);
        var busy = RedisServer.Unique("worker");
        var (messages, busyMessages) = (await ListenAsync(_worker), await ListenAsync(busy));
        if (offersFirst) await OfferAsync(sut, _worker, held: 0, room: 3);
        await OfferAsync(sut, busy, held: 50, room: 20);
        if (!offersFirst) await OfferAsync(sut, _worker, held: 0, room: 3);

        await sut.TogetherAsync(() => Enumerable.Range(0, 10).Select(_ => sut.SubmitAsync()));

        Assert.Equal((3, 7), ((await HandedAsync(messages)).Count, (await HandedAsync(busyMessages)).Count));
    }

    [Fact]
    public async Task SubmitAsync_RoomIsUsedUp_EnqueuesAndRings()
    {
        await using var sut = StoreSut.On(redis);
        var (messages, doorbell) = (await ListenAsync(_worker), await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue)));
        await OfferAsync(sut, _worker, held: 0, room: 2);

        for (var i = 0; i < 4; i++) await sut.SubmitAsync();

        Assert.Equal(2, (await HandedAsync(messages)).Count);
        Assert.Single(await doorbell.MessagesAsync());
        Assert.Equal((2L, 2L), await DepthAsync(sut));
    }

    /// <summary>Jobs of one call stay in the order of lanes and tenants, so either all of them are sent, or all of them wait.</summary>
    [Fact]
    public async Task SubmitAsync_CallHasMoreJobsThanRoom_EnqueuesAll()
    {
        await using var sut = StoreSut.On(redis);
        var messages = await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 2);

        var ids = await sut.TogetherAsync(() => Enumerable.Range(0, 40).Select(_ => sut.SubmitAsync()));

        Assert.Equal([ids[0].Key], (await HandedAsync(messages)).Select(job => job.Id.Key));
        Assert.Equal((39L, 1L), await DepthAsync(sut));
    }

    /// <summary>The jobs of one call count together.</summary>
    [Fact]
    public async Task SubmitAsync_CallHasMoreJobsThanTheTenantMayRun_EnqueuesAll()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxRunningPerTenant", "3"));
        var messages = await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 20);

        var ids = await sut.TogetherAsync(() => Enumerable.Range(0, 4).Select(_ => sut.SubmitAsync()));

        Assert.Equal([ids[0].Key], (await HandedAsync(messages)).Select(job => job.Id.Key));
        Assert.Equal((3L, 1L), await DepthAsync(sut));
    }

    public static TheoryData<string> Reasons => [
        "a job waits", "paused", "delayed", "too large", "tenant's limit", "nobody listens", "ended", "withdrawn", "unreadable",
        "other type", "no room left",
    ];

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task SubmitAsync_OfferDoesNotHold_EnqueuesTheJob(string reason)
    {
        await using var sut = StoreSut.On(redis, ("Jobs:RetryDelay", "00:10:00"), ("Jobs:MaxRunningPerTenant", "1"));
        var messages = reason == "nobody listens" ? null : await ListenAsync(_worker);
        if (reason is "tenant's limit") await sut.SubmitAndLeaseAsync();
        if (reason is "delayed") await sut.Store.ReleaseAsync(await sut.SubmitAndLeaseAsync(), StoreSut.Failed, Ct);
        await OfferAsync(sut, _worker, held: 0, room: 5);
        var (offers, body) = (sut.Key("offers"), "{}");
        switch (reason)
        {
            case "a job waits": await EnqueueAsync(sut); break;
            case "paused": await sut.Operations.PauseAsync(sut.Queue, Ct); break;
            case "too large": body = $"\"{new string('x', 70_000)}\""; break;
            case "ended": await ReplaceAsync(sut, offer => Regex.Replace(offer, "[0-9]{13}", "1700000000000")); break;
            case "withdrawn": await sut.Store.WithdrawOfferAsync(sut.Queue, _worker, Ct); break;
            case "unreadable": await ReplaceAsync(sut, _ => "2 0 5 x"); break;
            case "other type":
                await sut.Database.KeyDeleteAsync(offers);
                await sut.Database.StringSetAsync(offers, "x");
                break;
            case "no room left": await OfferAsync(sut, _worker, held: 5, room: 0); break;
        }

        var id = await sut.SubmitAsync(sut.Submission(body));

        Assert.Equal(JobStatus.Queued, await sut.StatusAsync(id));
        if (messages is not null) Assert.Empty(await HandedAsync(messages));
        if (reason is "nobody listens" or "ended" or "unreadable") Assert.False(await sut.Database.HashExistsAsync(offers, _worker));
    }

    [Fact]
    public async Task LeaseAsync_GetsJobs_TheyUseUpTheOffer()
    {
        await using var sut = StoreSut.On(redis);
        var messages = await ListenAsync(_worker);
        await sut.SubmitAsync();
        await sut.SubmitAsync();

        var leased = await sut.Store.LeaseAsync(sut.Queue, _worker, 8, 1_000_000, isIdle: false, new LeaseOffer(0, 3, 0), Ct);
        for (var i = 0; i < 2; i++) await sut.SubmitAsync();

        Assert.Equal((2, 1), (leased.Jobs.Count, (await HandedAsync(messages)).Count));
    }

    [Fact]
    public async Task LeaseAsync_LeavesJobsWaiting_OffersNothing()
    {
        await using var sut = StoreSut.On(redis);
        var messages = await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 5);
        await EnqueueAsync(sut);
        await EnqueueAsync(sut);

        var leased = await sut.Store.LeaseAsync(sut.Queue, _worker, 1, 1_000_000, isIdle: false, new LeaseOffer(0, 5, 0), Ct);
        await sut.LeaseAsync(1, worker: "another");
        await sut.SubmitAsync();

        Assert.Equal((1, 0), (leased.Jobs.Count, leased.Offered));
        Assert.Empty(await HandedAsync(messages));
        Assert.Equal((1L, 2L), await DepthAsync(sut));
    }

    /// <summary>What has been sent to a worker and is not there yet takes room, or a worker would get more than it can run.</summary>
    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 2)]
    [InlineData(3, 0)]
    public async Task LeaseAsync_JobsAreOnTheirWay_TheyTakeRoom(long received, int onTheirWay)
    {
        await using var sut = StoreSut.On(redis);
        await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 3);
        for (var i = 0; i < 3; i++) await sut.SubmitAsync();
        for (var i = 0; i < 12; i++) await EnqueueAsync(sut);
        await SentAtAsync(sut, "9999999999999");

        for (var i = 0; i < 2; i++)
        {
            var leased = await sut.Store.LeaseAsync(
                sut.Queue, _worker, 5, 1_000_000, isIdle: false, new LeaseOffer(0, 5, received), Ct);
            Assert.Equal((onTheirWay, 5 - onTheirWay), (leased.OnTheirWay, leased.Jobs.Count));
        }
    }

    /// <summary>A worker with jobs that are on their way holds them already, and offers less.</summary>
    [Fact]
    public async Task LeaseAsync_AJobIsOnItsWay_OffersWhatIsLeft()
    {
        await using var sut = StoreSut.On(redis);
        await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 3);
        await sut.SubmitAsync();
        await EnqueueAsync(sut);
        await SentAtAsync(sut, "9999999999999");

        var leased = await sut.Store.LeaseAsync(sut.Queue, _worker, 5, 1_000_000, isIdle: false, new LeaseOffer(2, 5, 0), Ct);

        Assert.Equal((1, 1, 3), (leased.OnTheirWay, leased.Jobs.Count, leased.Offered));
        Assert.StartsWith("1 4 3 ", await sut.Database.HashGetAsync(sut.Key("offers"), _worker));
    }

    /// <summary>A job that must run alone has nothing beside it, so its worker offers nothing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LeaseAsync_AJobMustRunAlone_TheOfferIsWithdrawn(bool isIdle)
    {
        await using var sut = StoreSut.On(redis);
        await sut.LoseAsync(await sut.SubmitAsync(), 2);
        await sut.Database.HashSetAsync(sut.Key("offers"), _worker, "1 0 5 10000 0 9999999999999 0 0");

        var leased = await sut.Store.LeaseAsync(sut.Queue, _worker, 5, 1_000_000, isIdle, Ct);

        Assert.Equal((isIdle, !isIdle), (leased.MustRunAlone, leased.WantsIdle));
        Assert.False(await sut.Database.HashExistsAsync(sut.Key("offers"), _worker));
    }

    [Fact]
    public async Task LeaseAsync_WithoutAnOffer_LeavesTheOneBefore()
    {
        await using var sut = StoreSut.On(redis);
        var messages = await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 3);

        Assert.Empty(await sut.LeaseAsync(5, worker: _worker));
        await sut.SubmitAsync();

        Assert.Single(await HandedAsync(messages));
    }

    /// <summary>A message may be lost, so what has not come after a second does not take room forever.</summary>
    [Fact]
    public async Task LeaseAsync_WhatWasSentNeverCame_TakesRoomForASecond()
    {
        await using var sut = StoreSut.On(redis);
        await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 3);
        await sut.SubmitAsync();
        await SentAtAsync(sut, "1700000000000");

        var leased = await sut.Store.LeaseAsync(sut.Queue, _worker, 5, 1_000_000, isIdle: false, new LeaseOffer(0, 5, 0), Ct);

        Assert.Equal((0, 5), (leased.OnTheirWay, leased.Offered));
    }

    [Theory]
    [InlineData("leases")]
    [InlineData("state")]
    [InlineData("deadlines")]
    public async Task SubmitAsync_KeyIsOccupied_WritesAndSendsNothing(string key)
    {
        await using var sut = StoreSut.On(redis);
        var messages = await ListenAsync(_worker);
        await OfferAsync(sut, _worker, held: 0, room: 5);
        await sut.Database.StringSetAsync(sut.Key(key), "x");
        var job = sut.Submission();

        await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.Store.SubmitAsync(job, Ct));

        Assert.Empty(await HandedAsync(messages));
        await sut.Database.KeyDeleteAsync(sut.Key(key));
        Assert.Null(await sut.Store.ReadAsync(job.Id, null, false, Ct));
        await sut.SubmitAsync(job);
        Assert.Equal(job.Id.Key, Assert.Single(await HandedAsync(messages)).Id.Key);
    }

    [Theory]
    [InlineData("leased")]
    [InlineData("leased ")]
    [InlineData("leased q-x.1 1700000000000")]
    [InlineData("leased Q 1700000000000\n")]
    [InlineData("leased q-x.1 now\n")]
    [InlineData("leased q-x.1 1700000000000\nkey 5 5\nabc")]
    [InlineData("leased q-x.1 1700000000000\nkey -1 3\nabc")]
    [InlineData("leased q-x.1 1700000000000\nkey 2147483647 2147483647\nabc")]
    [InlineData("leased q-x.1 1700000000000\nkey 1 2\nabc")]
    [InlineData("leased q-x.1 1700000000000\nkey 1\nabc")]
    public void Read_MessageOfAnotherProgram_IsNull(string message) => Assert.Null(HandedJobs.Read(Encoding.UTF8.GetBytes(message)));

    private async Task<Listener> ListenAsync(string worker) => await Listener.OnAsync(redis, RedisKeys.Worker(worker));

    private static async Task OfferAsync(StoreSut sut, string worker, int held, int room)
    {
        var leased = await sut.Store.LeaseAsync(sut.Queue, worker, 100, 1_000_000, isIdle: false, new LeaseOffer(held, room, 0), Ct);
        Assert.Empty(leased.Jobs);
    }

    /// <summary>Submits a job that waits, whatever was offered.</summary>
    private static async Task EnqueueAsync(StoreSut sut)
    {
        await sut.Operations.PauseAsync(sut.Queue, Ct);
        await sut.SubmitAsync();
        await sut.Operations.ResumeAsync(sut.Queue, Ct);
    }

    /// <summary>Changes the time at which the last job was sent to the worker.</summary>
    private Task SentAtAsync(StoreSut sut, string time) => ReplaceAsync(sut, offer => $"{offer[..offer.LastIndexOf(' ')]} {time}");

    private async Task ReplaceAsync(StoreSut sut, Func<string, string> change)
    {
        var offer = (string)(await sut.Database.HashGetAsync(sut.Key("offers"), _worker))!;
        await sut.Database.HashSetAsync(sut.Key("offers"), _worker, change(offer));
    }

    private static async Task<List<LeasedJob>> HandedAsync(Listener messages) =>
        [.. (await messages.MessagesAsync()).SelectMany(one => HandedJobs.Read(Encoding.UTF8.GetBytes(one))!.Jobs)];

    private static async Task<(long Waiting, long Running)> DepthAsync(StoreSut sut)
    {
        var queue = await sut.Operations.ReadAsync(sut.Queue, Ct);
        return (queue.Depth, queue.Running);
    }

    /// <summary>The keys of a queue with the texts of a job in them, without what tells jobs apart and when they came.</summary>
    private static async Task<string> StatesAsync(StoreSut sut, JobId id)
    {
        var keys = (await sut.AllKeysAsync()).Where(key => !key.EndsWith(":offers", StringComparison.Ordinal)
            && !key.EndsWith(":waiting", StringComparison.Ordinal));
        var (record, state) = (await sut.Database.StringGetAsync(sut.Key($"job:{id.Key}")), await sut.Database.HashGetAllAsync(sut.Key("state")));
        var leases = (await sut.Database.SortedSetRangeByRankAsync(sut.Key("leases"))).Concat(
            await sut.Database.SortedSetRangeByRankAsync(sut.Key("deadlines")));
        var running = await sut.Database.HashGetAllAsync(sut.Key("running"));
        var all = string.Join('\n', [.. keys.Order(StringComparer.Ordinal), (string)record!, .. state.Select(one => $"{one}"),
            .. leases.Select(one => $"{one}"), .. running.Select(one => $"{one}")]);
        return Regex.Replace(
            all.Replace(id.Key, "KEY", StringComparison.Ordinal).Replace(sut.Queue.ToString(), "QUEUE", StringComparison.Ordinal),
            "[0-9]{13}|r[0-9]+\\b", "TIME");
    }
}
