using System.Globalization;
using AiPlatform.Jobs.Limits;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Limits;

/// <summary>The limits of tenants in Redis, whose clock decides. Tests move what was counted into the past instead of waiting.</summary>
public sealed class LimitStoreTests : IClassFixture<RedisServer>, IAsyncDisposable
{
    private const int SliceSeconds = 5;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private readonly RedisServer _redis;
    private readonly JobStoreHost _host;
    private readonly ILimitStore _sut;
    private readonly IUsageStore _usage;
    private readonly string _tenant = RedisServer.Unique("t");
    private long _writes;

    public LimitStoreTests(RedisServer redis)
    {
        _redis = redis;
        _host = JobStoreHost.On(redis.Connection);
        _sut = _host.Get<ILimitStore>();
        _usage = _host.Get<IUsageStore>();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IDatabase Database => _redis.Connection.GetDatabase();

    private string Prefix => $"ai:{{USAGE.{_tenant}}}:";

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(20, 0, 0, 20)]
    [InlineData(0, 700, 0, 7)]
    [InlineData(0, 0, 9, 9)]
    [InlineData(30, 1_000, 20, 10)]
    public async Task Take_ManyAtOnceFromTwoProcesses_NeverLetsMoreThrough(long requests, long tokens, long concurrent, int most)
    {
        await using var other = JobStoreHost.On(_redis.Connection);
        var caller = Caller(new CallLimits { RequestsPerMinute = requests, TokensPerMinute = tokens, ConcurrentCalls = concurrent });

        var readings = await Task.WhenAll(Enumerable.Range(0, 60).Select(i =>
            (i % 2 == 0 ? _sut : other.Get<ILimitStore>()).TakeAsync(caller, new LimitRequest($"c{i}", 100, Long, TakesSlot: true), Ct)));

        Assert.Equal(most, readings.Count(reading => reading.Refusal == LimitKind.None));
    }

    [Fact]
    public async Task Take_BudgetAndManyAtOnce_NeverLetsMoreThrough()
    {
        var caller = Caller(new CallLimits { TokensPerDay = 1_000, TokensPerMonth = 900 });

        var readings = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => TakeAsync(caller, $"c{i}", 100)));

        Assert.Equal(9, readings.Count(reading => reading.Refusal == LimitKind.None));
        Assert.Equal(41, readings.Count(reading => reading.Refusal == LimitKind.MonthlyBudget));
    }

    [Theory]
    [InlineData(10, 0, LimitKind.Tokens)]
    [InlineData(0, 10, LimitKind.DailyBudget)]
    public async Task Take_AllThatIsLeft_IsAdmittedAndNotOneMore(long perMinute, long perDay, LimitKind refusal)
    {
        var caller = Caller(new CallLimits { TokensPerMinute = perMinute, TokensPerDay = perDay });
        await TakeAsync(caller, "a", 4);

        var rest = await TakeAsync(caller, "b", 6);
        var more = await TakeAsync(caller, "c", 1);

        Assert.Equal((LimitKind.None, refusal), (rest.Refusal, more.Refusal));
    }

    /// <summary>A client that waited for the shorter one would be refused again.</summary>
    [Fact]
    public async Task Take_SeveralLimitsRefuse_TheOneThatLastsLongestIsTold()
    {
        var caller = Caller(new CallLimits { RequestsPerMinute = 1, TokensPerMinute = 100, ConcurrentCalls = 1, TokensPerDay = 1_000 });
        await TakeAsync(caller, "a", 10, takesSlot: true);

        var slotAndRequests = await TakeAsync(caller, "b", 10, takesSlot: true);
        var neverFits = await TakeAsync(caller, "c", 200, takesSlot: true);
        await UsedAsync(new UsedHold("a", 1_000));
        var budget = await TakeAsync(caller, "d", 10, takesSlot: true);

        Assert.Equal(LimitKind.Requests, slotAndRequests.Refusal);
        Assert.Equal((LimitKind.Tokens, null), (neverFits.Refusal, neverFits.Wait));
        var left = TimeSpan.FromMilliseconds(TimeSpan.MillisecondsPerDay - (await NowAsync() % TimeSpan.MillisecondsPerDay));
        Assert.Equal(left > TimeSpan.FromMinutes(2) ? LimitKind.DailyBudget : budget.Refusal, budget.Refusal);
    }

    /// <summary>A call that is under way may take less than it holds, so the next try is not a day away.</summary>
    [Fact]
    public async Task Take_BudgetIsOnlyHeld_CanBeTriedAgainSoon()
    {
        var caller = Caller(new CallLimits { TokensPerMonth = 100 });
        await TakeAsync(caller, "a", 60);

        var held = await TakeAsync(caller, "b", 60);
        var tooLarge = await TakeAsync(caller, "c", 101);
        await UsedAsync(new UsedHold("a", 60));
        var used = await TakeAsync(caller, "b", 60);

        Assert.Equal((LimitKind.MonthlyBudget, LimitKind.MonthlyBudget), (held.Refusal, used.Refusal));
        Assert.InRange(held.Wait!.Value.TotalSeconds, 0, 5);
        Assert.Equal((LimitKind.MonthlyBudget, null), (tooLarge.Refusal, tooLarge.Wait));
        var month = used.Limits.Single(limit => limit.Kind == LimitKind.MonthlyBudget);
        Assert.InRange((used.Wait!.Value - month.All).TotalSeconds, -1, 1);
    }

    [Fact]
    public async Task Usage_MoreThanWasHeldInAMinuteThatIsOver_CountsFromNowOn()
    {
        var caller = Caller(new CallLimits { TokensPerMinute = 1_000 });
        await TakeAsync(caller, "slow", 100);
        var (tokens, slice) = (await Database.HashGetAsync($"{Prefix}held", "slow")).ToString().Split(' ') is [var held, var at, ..]
            ? (held, long.Parse(at, CultureInfo.InvariantCulture)) : default;
        await Database.HashSetAsync($"{Prefix}held", "slow", $"{tokens} {slice - 20} ");

        await UsedAsync(new UsedHold("slow", 500));

        Assert.Equal(1_000 - 100 - 400, Left(await _sut.ReadAsync(caller, Ct), LimitKind.Tokens));
    }

    [Fact]
    public async Task Usage_OfCallsWithoutAHold_CountsFromNowOn()
    {
        var caller = Caller(new CallLimits { TokensPerMinute = 1_000 });
        await TakeAsync(caller, "a", 100);

        await UsedAsync(new UsedHold("unknown", 300));

        Assert.Equal(600, Left(await _sut.ReadAsync(caller, Ct), LimitKind.Tokens));
    }

    [Fact]
    public async Task Usage_OfYesterday_CountsForItsMonthOnly()
    {
        var caller = Caller(new CallLimits { TokensPerDay = 1_000, TokensPerMonth = 1_000 });
        var today = DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(await NowAsync()).UtcDateTime);
        await UsedAsync(new UsedHold("unknown", 300), today.AddDays(-1));

        var left = await _sut.ReadAsync(caller, Ct);

        Assert.Equal((1_000, today.Day == 1 ? 1_000 : 700), (Left(left, LimitKind.DailyBudget), Left(left, LimitKind.MonthlyBudget)));
    }

    [Fact]
    public async Task Read_RequestsOfSeveralTimes_TellsWhenOneAndWhenAllAreLeftAgain()
    {
        var caller = Caller(new CallLimits { RequestsPerMinute = 5 });
        await TakeAsync(caller, "a", 1);
        await AgeAsync("minute:", 4);
        await TakeAsync(caller, "b", 1);

        var left = Assert.Single((await _sut.ReadAsync(caller, Ct)).Limits);

        Assert.InRange((left.All - left.More).TotalSeconds, 4 * SliceSeconds, 5 * SliceSeconds);
    }

    /// <summary>Nothing of a caller that never comes back stays.</summary>
    [Fact]
    public async Task Take_Keys_EndByThemselvesAndDoNotGrow()
    {
        var caller = Caller(
            new CallLimits { RequestsPerMinute = 1_000, TokensPerMinute = 1_000, ConcurrentCalls = 1_000, TokensPerDay = 1_000 });
        for (var i = 0; i < 40; i++)
        {
            await TakeAsync(caller, $"c{i}", 1, takesSlot: true);
            await AgeAsync("minute:", 1);
        }

        foreach (var (key, least, most) in ((string, double, double)[])
            [("minute:", 0, 65), ("calls:", 0, 30), ("held", Long.TotalSeconds, 3_600), ("holds", Long.TotalSeconds, 3_600)])
        {
            Assert.InRange(Database.KeyTimeToLive(Prefix + key)?.TotalSeconds ?? double.PositiveInfinity, least, most);
        }

        Assert.InRange(await Database.HashLengthAsync($"{Prefix}minute:"), 1, 2 * 14);
    }

    /// <summary>The scripts compute dates themselves, because Redis has no calendar.</summary>
    [Fact]
    public async Task Calendar_EveryDayOfFourCenturies_IsThatOfDotNet()
    {
        var script = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "Jobs", "scripts", "limits.lua"), Ct);
        var function = script[script.IndexOf("local function date_of", StringComparison.Ordinal)..];
        const int Days = 10_000;
        for (var first = 0; first < 147_000; first += Days)
        {
            var dates = (long[])(await Database.ScriptEvaluateAsync(
                $"{function}\nlocal dates = {{}}\nfor day = ARGV[1] + 0, ARGV[1] + {Days - 1} do local y, m, d = date_of(day) "
                + "dates[#dates + 1] = y * 10000 + m * 100 + d end return dates",
                values: [first]))!;

            for (var i = 0; i < Days; i++)
            {
                var date = DateOnly.FromDateTime(DateTime.UnixEpoch).AddDays(first + i);
                Assert.Equal((date.Year * 10_000) + (date.Month * 100) + date.Day, dates[i]);
            }
        }
    }

    [Fact]
    public async Task Take_RequestsOfTheLastMinute_CountUntilTheyAreOver()
    {
        var caller = Caller(new CallLimits { RequestsPerMinute = 2 });
        await TakeAsync(caller, "a", 1);
        await TakeAsync(caller, "b", 1);
        var refused = await TakeAsync(caller, "c", 1);

        // The two requests are nearly a minute old, then more.
        await AgeAsync("minute:", 11);
        var barely = await TakeAsync(caller, "d", 1);
        await AgeAsync("minute:", 2);
        var admitted = await TakeAsync(caller, "e", 1);

        Assert.Equal((LimitKind.Requests, LimitKind.Requests, LimitKind.None), (refused.Refusal, barely.Refusal, admitted.Refusal));
        Assert.InRange(refused.Wait!.Value.TotalSeconds, 55, 65);
        Assert.InRange(barely.Wait!.Value.TotalSeconds, 0, 2 * SliceSeconds);
        var left = Assert.Single(admitted.Limits);
        Assert.Equal((LimitKind.Requests, 2, 1), (left.Kind, left.Limit, left.Left));
    }

    [Fact]
    public async Task Usage_CallsWithAHold_CountWithWhatTheyTook()
    {
        var caller = Caller(new CallLimits { TokensPerMinute = 1_000, TokensPerDay = 5_000 });
        await TakeAsync(caller, "small", 600);
        var refused = await TakeAsync(caller, "next", 600);
        await UsedAsync(new UsedHold("small", 50));
        var admitted = await TakeAsync(caller, "next", 600);
        // A model that says more than it was expected to.
        await UsedAsync(new UsedHold("next", 900));
        var full = await TakeAsync(caller, "last", 60);

        Assert.Equal((LimitKind.Tokens, LimitKind.None, LimitKind.Tokens), (refused.Refusal, admitted.Refusal, full.Refusal));
        Assert.Equal((350, 4_400), (Left(admitted, LimitKind.Tokens), Left(admitted, LimitKind.DailyBudget) + 50));
        Assert.Equal((50, 4_050), (Left(full, LimitKind.Tokens), Left(full, LimitKind.DailyBudget)));
        Assert.Equal("0", (string?)await Database.HashGetAsync($"{Prefix}held", ""));
        Assert.Equal(1, await Database.HashLengthAsync($"{Prefix}held"));
    }

    [Fact]
    public async Task End_TokensAreKnownBeforeTheirUsage_BothCountOnce()
    {
        var caller = Caller(new CallLimits { TokensPerMinute = 1_000, TokensPerDay = 1_000 });
        await TakeAsync(caller, "a", 800);

        await _sut.EndAsync(caller, "a", 30, isFinal: false, hasSlots: false, Ct);
        await _sut.EndAsync(caller, "a", 30, isFinal: false, hasSlots: false, Ct);
        var before = await _sut.ReadAsync(caller, Ct);
        await UsedAsync(new UsedHold("a", 30));
        var after = await _sut.ReadAsync(caller, Ct);

        foreach (var reading in (LimitReading[])[before, after])
            Assert.Equal((970, 970), (Left(reading, LimitKind.Tokens), Left(reading, LimitKind.DailyBudget)));
    }

    [Fact]
    public async Task Drop_JobIsCanceled_ItsTokensAreLeftAgain()
    {
        var caller = Caller(new CallLimits { TokensPerMinute = 1_000, TokensPerMonth = 1_000 });
        await TakeAsync(caller, "job", 1_000);
        await _sut.DropAsync(_tenant, "job", Ct);

        Assert.Equal(LimitKind.None, (await TakeAsync(caller, "next", 1_000)).Refusal);
    }

    [Fact]
    public async Task Take_HoldOfACallThatNeverEnded_IsDropped()
    {
        var caller = Caller(new CallLimits { TokensPerDay = 1_000 });
        await TakeAsync(caller, "lost", 1_000);
        Assert.Equal(LimitKind.DailyBudget, (await TakeAsync(caller, "a", 10)).Refusal);

        await Database.SortedSetAddAsync($"{Prefix}holds", "lost", 1);

        Assert.Equal(LimitKind.None, (await TakeAsync(caller, "b", 10)).Refusal);
        Assert.Equal(990, Left(await _sut.ReadAsync(caller, Ct), LimitKind.DailyBudget));
    }

    /// <summary>What is left is also true for a tenant that makes no further call.</summary>
    [Fact]
    public async Task Read_HoldOfACallThatNeverEnded_IsDropped()
    {
        var caller = Caller(new CallLimits { TokensPerDay = 1_000, TokensPerMinute = 2_000 });
        await TakeAsync(caller, "lost", 900);
        await Database.SortedSetAddAsync($"{Prefix}holds", "lost", 1);

        var left = await _sut.ReadAsync(caller, Ct);

        Assert.Equal((1_000, 2_000), (Left(left, LimitKind.DailyBudget), Left(left, LimitKind.Tokens)));
    }

    /// <summary>Holds that expired before their sum would be held until the sum expires.</summary>
    [Fact]
    public async Task Take_ShortHoldAfterALongOneHasEnded_SumAndHoldsExpireTogether()
    {
        var caller = Caller(new CallLimits { TokensPerDay = 1_000 });
        await _sut.TakeAsync(caller, new LimitRequest("long", 10, TimeSpan.FromDays(1), TakesSlot: false), Ct);
        await UsedAsync(new UsedHold("long", 5));

        await _sut.TakeAsync(caller, new LimitRequest("short", 500, TimeSpan.FromSeconds(2), TakesSlot: false), Ct);
        var alone = (await Database.KeyExpireTimeAsync($"{Prefix}held"), await Database.KeyExpireTimeAsync($"{Prefix}holds"));
        await _sut.TakeAsync(caller, new LimitRequest("longer", 10, TimeSpan.FromHours(1), TakesSlot: false), Ct);
        await _sut.TakeAsync(caller, new LimitRequest("shorter", 10, TimeSpan.FromSeconds(1), TakesSlot: false), Ct);
        var beside = (await Database.KeyExpireTimeAsync($"{Prefix}held"), await Database.KeyExpireTimeAsync($"{Prefix}holds"));

        Assert.Equal(alone.Item1, alone.Item2);
        Assert.Equal(beside.Item1, beside.Item2);
        Assert.InRange((beside.Item1!.Value - alone.Item1!.Value).TotalMinutes, 59, 61);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Take_SumWithoutItsHolds_IsCorrected(bool reads)
    {
        var caller = Caller(new CallLimits { TokensPerDay = 1_000 });
        await TakeAsync(caller, "lost", 900);
        await Database.KeyDeleteAsync($"{Prefix}holds");

        var reading = reads ? await _sut.ReadAsync(caller, Ct) : await TakeAsync(caller, "next", 1_000);

        Assert.Equal(LimitKind.None, reading.Refusal);
        Assert.Equal(reads ? 1_000 : 0, Left(reading, LimitKind.DailyBudget));
    }

    /// <summary>What a running call holds may come back soon; what an ended one took does not, also before its usage is written.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Take_BudgetIsReached_WaitIsShortWhileCallsRun(bool hasEnded, bool isShort)
    {
        var caller = Caller(new CallLimits { TokensPerMonth = 1_000 });
        await TakeAsync(caller, "a", 900);
        for (var i = 0; i < 2 && hasEnded; i++) await _sut.EndAsync(caller, "a", 700 + (i * 50), isFinal: false, hasSlots: false, Ct);

        var refused = await TakeAsync(caller, "b", 400);

        Assert.Equal(LimitKind.MonthlyBudget, refused.Refusal);
        Assert.Equal(isShort, refused.Wait <= TimeSpan.FromSeconds(5));
        await UsedAsync(new UsedHold("a", 750));
        Assert.Equal(LimitKind.None, (await TakeAsync(caller, "c", 250)).Refusal);
        Assert.True((await TakeAsync(caller, "d", 250)).Wait <= TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Take_SlotsOfAKilledGateway_AreFreeAfterTheirLifetime()
    {
        var caller = Caller(new CallLimits { ConcurrentCalls = 2 });
        await TakeAsync(caller, "a", 1, takesSlot: true);
        await TakeAsync(caller, "b", 1, takesSlot: true);
        Assert.Equal(LimitKind.Concurrency, (await TakeAsync(caller, "c", 1, takesSlot: true)).Refusal);
        var calls = await Database.SortedSetRangeByScoreWithScoresAsync($"{Prefix}calls:");
        var now = await NowAsync();
        Assert.All(calls, slot => Assert.InRange(slot.Score - now, -1, ILimitStore.SlotLifetime.TotalMilliseconds));

        // One of them goes on, the Gateway of the other was killed.
        foreach (var slot in calls) await Database.SortedSetAddAsync($"{Prefix}calls:", slot.Element, now + 1_000);
        await _sut.RenewAsync(_tenant, [("", "a"), ("", "unknown")], Ct);
        await Database.SortedSetAddAsync($"{Prefix}calls:", "b", now - 1);

        Assert.Equal(LimitKind.None, (await TakeAsync(caller, "d", 1, takesSlot: true)).Refusal);
        Assert.Equal(LimitKind.Concurrency, (await TakeAsync(caller, "e", 1, takesSlot: true)).Refusal);
        await _sut.EndAsync(caller, "a", null, isFinal: false, hasSlots: true, Ct);
        Assert.Equal(LimitKind.None, (await TakeAsync(caller, "f", 1, takesSlot: true)).Refusal);
    }

    [Fact]
    public async Task Take_SameHoldAgain_IsCountedOnce()
    {
        var caller = Caller(new CallLimits { RequestsPerMinute = 5, TokensPerMinute = 100 });

        var readings = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => TakeAsync(caller, "job", 60)));

        Assert.All(readings, reading => Assert.Equal(LimitKind.None, reading.Refusal));
        Assert.Single(readings, reading => !reading.WasCounted);
        var left = await _sut.ReadAsync(caller, Ct);
        Assert.Equal((4, 40), (Left(left, LimitKind.Requests), Left(left, LimitKind.Tokens)));
    }

    [Fact]
    public async Task Take_KeyHasLimits_TheyHoldBesidesThoseOfItsTenant()
    {
        var tenant = new CallLimits { RequestsPerMinute = 3, TokensPerMinute = 1_000 };
        var (one, two) = (Caller(tenant, "one", new CallLimits { RequestsPerMinute = 1, TokensPerMinute = 500 }), Caller(tenant));
        var tooMuch = await TakeAsync(one, "a", 600);
        var first = await TakeAsync(one, "b", 400);
        var second = await TakeAsync(one, "c", 10);
        for (var i = 0; i < 2; i++) Assert.Equal(LimitKind.None, (await TakeAsync(two, $"d{i}", 10)).Refusal);
        var last = await TakeAsync(two, "e", 10);
        await UsedAsync(new UsedHold("b", 100));
        var left = await _sut.ReadAsync(one, Ct);

        Assert.Equal((LimitKind.Tokens, null), (tooMuch.Refusal, tooMuch.Wait));
        Assert.Equal((LimitKind.None, LimitKind.Requests, LimitKind.Requests), (first.Refusal, second.Refusal, last.Refusal));
        Assert.Equal([880, 400], left.Limits.Where(limit => limit.Kind == LimitKind.Tokens).Select(limit => limit.Left));
    }

    [Fact]
    public async Task Take_KeyHasConcurrentCalls_OtherKeysGoOn()
    {
        var tenant = new CallLimits { ConcurrentCalls = 3 };
        var (one, two) = (Caller(tenant, "one", new CallLimits { ConcurrentCalls = 1 }), Caller(tenant));

        var first = await TakeAsync(one, "a", 1, takesSlot: true);
        var second = await TakeAsync(one, "b", 1, takesSlot: true);
        var other = await TakeAsync(two, "c", 1, takesSlot: true);
        await _sut.EndAsync(one, "a", null, isFinal: false, hasSlots: true, Ct);
        var third = await TakeAsync(one, "d", 1, takesSlot: true);

        Assert.Equal(
            (LimitKind.None, LimitKind.Concurrency, LimitKind.None, LimitKind.None),
            (first.Refusal, second.Refusal, other.Refusal, third.Refusal));
        Assert.Equal([1, 0], third.Limits.Select(limit => limit.Left));
    }

    [Fact]
    public async Task Take_BudgetIsSetLater_CountsWhatWasUsedBefore()
    {
        var caller = Caller(new CallLimits { TokensPerDay = 100, TokensPerMonth = 1_000_000 });
        await UsedAsync(new UsedHold("unknown", 40));
        await UsedAsync(new UsedHold("unknown", 40));

        var refused = await TakeAsync(caller, "a", 30);
        var admitted = await TakeAsync(caller, "b", 20);

        Assert.Equal((LimitKind.DailyBudget, LimitKind.None), (refused.Refusal, admitted.Refusal));
        var tomorrow = DateTimeOffset.FromUnixTimeMilliseconds(await NowAsync()).UtcDateTime.Date.AddDays(1);
        var now = DateTime.UnixEpoch + TimeSpan.FromMilliseconds(await NowAsync());
        Assert.InRange((now + refused.Wait!.Value - tomorrow).TotalSeconds, -5, 5);
        var nextMonth = new DateTime(tomorrow.AddDays(-1).Year, tomorrow.AddDays(-1).Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1);
        var month = admitted.Limits.Single(limit => limit.Kind == LimitKind.MonthlyBudget);
        Assert.InRange((now + month.All - nextMonth).TotalSeconds, -5, 5);
        Assert.Equal(1_000_000 - 100, month.Left);
    }

    [Fact]
    public async Task Take_RedisRestarts_BudgetsGoOn()
    {
        await using var server = RedisServer.With("--appendonly", "yes", "--appendfsync", "always");
        await server.InitializeAsync();
        var caller = Caller(new CallLimits { TokensPerDay = 1_000, TokensPerMonth = 1_000 });
        await using (var before = JobStoreHost.On(server.Connection))
        {
            var request = new LimitRequest("a", 700, Long, TakesSlot: false);
            Assert.Equal(LimitKind.None, (await before.Get<ILimitStore>().TakeAsync(caller, request, Ct)).Refusal);
        }

        await server.KillAsync();
        await server.StartAsync();
        await using var after = JobStoreHost.On(server.Connection);
        var left = await after.Get<ILimitStore>().ReadAsync(caller, Ct);

        Assert.Equal((300, 300), (Left(left, LimitKind.DailyBudget), Left(left, LimitKind.MonthlyBudget)));
    }

    [Theory]
    [InlineData(CallLimits.Most, CallLimits.Most)]
    [InlineData(CallLimits.Most, 1)]
    public async Task Take_HugeNumbers_AreExact(long limit, long tokens)
    {
        var caller = Caller(new CallLimits
        {
            RequestsPerMinute = limit,
            TokensPerMinute = limit,
            ConcurrentCalls = limit,
            TokensPerDay = limit,
            TokensPerMonth = limit,
        });

        var first = await TakeAsync(caller, "a", tokens, takesSlot: true);
        var second = await TakeAsync(caller, "b", limit - tokens + 1, takesSlot: true);
        var third = await TakeAsync(caller, "c", limit - tokens, takesSlot: true);
        await UsedAsync(new UsedHold("a", UsageCount.Most));
        var left = await _sut.ReadAsync(caller, Ct);

        Assert.Equal((LimitKind.None, limit - tokens), (first.Refusal, Left(first, LimitKind.Tokens)));
        Assert.NotEqual(LimitKind.None, second.Refusal);
        Assert.Equal(LimitKind.None, third.Refusal);
        Assert.Equal((0, 0, 0), (Left(left, LimitKind.Tokens), Left(left, LimitKind.DailyBudget), Left(left, LimitKind.MonthlyBudget)));
    }

    /// <summary>What another program wrote must cost neither the usage nor more than an error.</summary>
    [Theory]
    [InlineData("held")]
    [InlineData("holds")]
    [InlineData("minute:")]
    [InlineData("sums")]
    public async Task Usage_KeyOfAnotherType_IsCountedAllTheSame(string key)
    {
        var caller = Caller(new CallLimits { TokensPerMinute = 1_000, TokensPerMonth = 1_000 });
        await TakeAsync(caller, "a", 10);
        await Database.KeyDeleteAsync(Prefix + key);
        await Database.StringSetAsync(Prefix + key, "nonsense");

        await UsedAsync(new UsedHold("a", 7));

        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var row = Assert.Single(await _usage.ReadAsync(today, today, _tenant, Ct));
        Assert.Equal(7, row.Count.OutputTokens);
    }

    [Fact]
    public async Task Take_DamagedNumbers_AreNoEndlessWork()
    {
        var caller = Caller(new CallLimits { RequestsPerMinute = 5, TokensPerMinute = 1_000, TokensPerMonth = 1_000 });
        await Database.HashSetAsync(
            $"{Prefix}minute:", [.. Enumerable.Range(0, 20_000).Select(i => new HashEntry($"x{i}", "y")), new("r", "1"), new("tnan", "nan")]);
        await Database.HashSetAsync($"{Prefix}held", [new("late", "many of them"), new("", "x")]);
        await Database.SortedSetAddAsync($"{Prefix}holds", [new("late", 1), new("gone", 2)]);

        for (var i = 0; i < 25; i++) await _sut.ReadAsync(caller, Ct);

        Assert.Equal(LimitKind.None, (await TakeAsync(caller, "a", 10)).Refusal);
        Assert.False(await Database.HashExistsAsync($"{Prefix}held", "late"));
        Assert.Equal(1, await Database.SortedSetLengthAsync($"{Prefix}holds"));
    }

    private static long Left(LimitReading reading, LimitKind kind) => reading.Limits.First(limit => limit.Kind == kind).Left;

    private LimitedCaller Caller(CallLimits limits, string key = "", CallLimits? ofKey = null) =>
        new(_tenant, limits, key, ofKey ?? CallLimits.None);

    private Task<LimitReading> TakeAsync(LimitedCaller caller, string hold, long tokens, bool takesSlot = false) =>
        _sut.TakeAsync(caller, new LimitRequest(hold, tokens, Long, takesSlot), Ct);

    /// <summary>The usage of a call, as a worker writes it.</summary>
    private Task UsedAsync(UsedHold hold, DateOnly? day = null) => _usage.AddAsync(
        day ?? DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), _tenant,
        new UsageOfCalls(new Dictionary<string, UsageCount> { ["m"] = new(1, 0, 0, hold.Tokens) }, [hold]),
        new UsageWrite("test", ++_writes), Ct);

    private async Task<long> NowAsync() =>
        new DateTimeOffset((await _redis.Connection.GetServers()[0].TimeAsync()).ToUniversalTime()).ToUnixTimeMilliseconds();

    /// <summary>Makes what was counted older, by slices of 5 s.</summary>
    private async Task AgeAsync(string key, int slices)
    {
        foreach (var field in await Database.HashGetAllAsync(Prefix + key))
        {
            var name = (string)field.Name!;
            var slice = long.Parse(name[1..], CultureInfo.InvariantCulture) - slices;
            await Database.HashDeleteAsync(Prefix + key, field.Name);
            await Database.HashSetAsync(Prefix + key, $"{name[0]}{slice}", field.Value);
        }
    }
}
