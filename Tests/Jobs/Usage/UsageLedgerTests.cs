using AiPlatform.Jobs.Limits;
using AiPlatform.Jobs.Usage;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Usage;

/// <summary>Usage counts once, however often it is sent to Redis.</summary>
public sealed class UsageLedgerTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly string _tenant = RedisServer.Unique("t");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static DateOnly Today => DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);

    /// <summary>Redis keeps what it gets while it hangs, and runs it later: a call that timed out was not lost.</summary>
    [Fact]
    public async Task Write_RedisHangsLongerThanACallWaits_CallsCountOnce()
    {
        await using var server = RedisServer.With();
        await server.InitializeAsync();
        await using var host = JobStoreHost.On(server.Connection);
        var (ledger, store, loops) = (host.Get<UsageLedger>(), host.Get<IUsageStore>(), host.Get<BackgroundLoops>());
        await ledger.StartAsync(Ct);
        // A first write loads the script.
        ledger.Add(_tenant, "m", failed: false, 1, 1);
        await Poll.UntilAsync(async () => await RequestsAsync(store) == 1, "the first call is counted");
        await server.Connection.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "9000", "ALL");

        for (var i = 0; i < 2; i++) ledger.Add(_tenant, "m", failed: false, 20, 10);
        await Poll.UntilAsync(() => loops.All.Any(loop => loop.Trouble is not null), "a write was not answered");
        ledger.Add(_tenant, "m", failed: false, 20, 10);
        await Poll.UntilAsync(async () => await RequestsAsync(store) >= 4, "all calls are counted");
        await ledger.StopAsync(Ct);

        var row = Assert.Single(await store.ReadAsync(Today, Today, _tenant, Ct));
        Assert.Equal(new UsageCount(4, 0, 61, 31), row.Count);
    }

    [Fact]
    public async Task Add_SameWriteAgain_CountsOnce()
    {
        await using var host = JobStoreHost.On(redis.Connection);
        var (store, limits) = (host.Get<IUsageStore>(), host.Get<ILimitStore>());
        var caller = new LimitedCaller(_tenant, new CallLimits { TokensPerDay = 1_000, TokensPerMinute = 1_000 }, "", CallLimits.None);
        await limits.TakeAsync(caller, new LimitRequest("a", 500, TimeSpan.FromMinutes(1), TakesSlot: false), Ct);

        foreach (var (writer, number) in ((string, long)[])[("w", 1), ("w", 1), ("w", 3), ("w", 2), ("w", 3), ("v", 1), ("v", 1), ("w", 4)])
            await AddAsync(store, Today, new UsageWrite(writer, number));
        await AddAsync(store, Today.AddDays(-1), new UsageWrite("w", 4));
        await AddAsync(store, Today.AddDays(-1), new UsageWrite("w", 5));

        var rows = await store.ReadAsync(Today.AddDays(-1), Today, _tenant, Ct);
        Assert.Equal([1, 4], rows.Select(row => row.Count.Requests));
        var left = (await limits.ReadAsync(caller, Ct)).Limits.Select(limit => limit.Left);
        Assert.Equal([950, 950], left);
    }

    private Task AddAsync(IUsageStore store, DateOnly day, UsageWrite write) => store.AddAsync(
        day, _tenant, new UsageOfCalls(new Dictionary<string, UsageCount> { ["m"] = new(1, 0, 4, 6) }, [new UsedHold("a", 10)]), write, Ct);

    private async Task<long> RequestsAsync(IUsageStore store)
    {
        try
        {
            return (await store.ReadAsync(Today, Today, _tenant, Ct)).Sum(row => row.Count.Requests);
        }
        catch (AiPlatform.Jobs.QueueUnavailableException)
        {
            return -1;
        }
    }
}
