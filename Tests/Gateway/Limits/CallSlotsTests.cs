using System.Diagnostics.Metrics;
using AiPlatform.Gateway.Limits;
using AiPlatform.Jobs.Limits;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Gateway.Limits;

/// <summary>A call that takes longer than a slot lasts.</summary>
public sealed class CallSlotsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly string[] Scopes = ["", "key"];

    private readonly string _tenant = RedisServer.Unique("t");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IDatabase Database => redis.Connection.GetDatabase();

    [Fact]
    public async Task Turn_CallGoesOn_KeepsItsSlotsUntilItEnds()
    {
        var time = new ManualTime();
        await using var host = JobStoreHost.On(redis.Connection);
        var (store, limits) = (host.Get<ILimitStore>(), new CallLimits { ConcurrentCalls = 1 });
        var sut = new CallSlots(
            new BackgroundLoops(host.Get<IHostApplicationLifetime>(), time, NullLogger<BackgroundLoops>.Instance), store);
        var call = new LimitedCall(
            new LimitedCaller(_tenant, limits, "key", limits), new DefaultHttpContext().Response, store, sut,
            new LimitMetrics(host.Get<IMeterFactory>()), NullLogger.Instance);
        await sut.StartAsync(Ct);
        Assert.Null(await call.TakeAsync("a", 1, TimeSpan.FromMinutes(10), waits: true, isRepeatable: false, Ct));

        await Poll.UntilAsync(() => time.Waiting == 1, "the loop waits for its next turn");
        foreach (var scope in Scopes) await Database.SortedSetAddAsync(KeyOf(scope), "a", await NowAsync() + 1_000);

        time.Advance(ILimitStore.SlotLifetime / 3);

        foreach (var scope in Scopes)
        {
            await Poll.UntilAsync(
                async () => await Database.SortedSetScoreAsync(KeyOf(scope), "a") > await NowAsync() + 20_000, "the slot is kept");
        }

        await call.EndAsync();
        foreach (var scope in Scopes) Assert.False(await Database.KeyExistsAsync(KeyOf(scope)));
        await sut.StopAsync(Ct);
    }

    private string KeyOf(string scope) => $"ai:{{USAGE.{_tenant}}}:calls:{scope}";

    private async Task<long> NowAsync() =>
        new DateTimeOffset((await redis.Connection.GetServers()[0].TimeAsync()).ToUniversalTime()).ToUnixTimeMilliseconds();
}
