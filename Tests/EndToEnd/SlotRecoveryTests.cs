using System.Net;
using System.Net.Http.Json;
using AiPlatform.Jobs.Limits;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>A Gateway that holds slots of concurrent calls is killed, as a real process.</summary>
public sealed class SlotRecoveryTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly RedisKey Slots = "ai:{USAGE.anonymous}:calls:";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Category", "Long")]
    public async Task GatewayKilled_WithCallsUnderWay_TheirSlotsAreFreeAfterTheirLifetime()
    {
        await using var provider = await FakeProvider.StartAsync();
        provider.Script(FakeProvider.HangsAsync, FakeProvider.HangsAsync);
        await using var first = Start(provider);
        await using var second = Start(provider);
        using var http = new HttpClient();
        await first.UntilReadyAsync(http);
        await second.UntilReadyAsync(http);
        var lost = Enumerable.Range(0, 2).Select(_ => StatusAsync(http, first)).ToList();
        await Poll.UntilAsync(() => provider.UnderWay == 2, "both calls are under way");
        var taken = await EndsAsync();

        // While it lives it keeps them.
        await Poll.UntilAsync(
            async () => (await EndsAsync()).Min() > taken.Max(), "the slots are renewed", ILimitStore.SlotLifetime * 2);
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(http, second));

        await first.KillAsync();
        foreach (var call in lost) await Assert.ThrowsAsync<HttpRequestException>(() => call);
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(http, second));
        await Poll.UntilAsync(
            async () => await StatusAsync(http, second) == HttpStatusCode.OK, "a slot is free", ILimitStore.SlotLifetime * 2);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, second));
        Assert.Empty(await EndsAsync());
    }

    private AiProcess Start(FakeProvider provider) => AiProcess.Start(
        "Gateway",
        [
            ("ConnectionStrings__redis", redis.ConnectionString), ("Limits__ConcurrentCalls", "2"),
            ("Models__gpt__AttemptTimeout", "00:05:00"), .. provider.Environment(),
        ]);

    /// <summary>When each slot ends, by Redis' clock.</summary>
    private async Task<double[]> EndsAsync() =>
        [.. (await redis.Connection.GetDatabase().SortedSetRangeByScoreWithScoresAsync(Slots)).Select(slot => slot.Score)];

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, AiProcess gateway)
    {
        using var reply = await http.PostAsJsonAsync(
            new Uri(gateway.Address, "/v1/chat/completions"),
            new { model = "gpt", messages = new[] { new { role = "user", content = "hi" } } }, Ct);
        return reply.StatusCode;
    }
}
