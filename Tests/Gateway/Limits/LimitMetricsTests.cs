using System.Net;
using AiPlatform.Tests.EndToEnd.Monitoring;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Xunit;

namespace AiPlatform.Tests.Gateway.Limits;

/// <summary>
/// Refusals in <c>/metrics</c>, as Prometheus reads them. The Gateway is a process of its own, since <c>/metrics</c> also has what the
/// other Gateways of its process count.
/// </summary>
public sealed class LimitMetricsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Metric = "aiplatform_limits_refused_total";

    private static readonly string[] Limits = ["concurrency", "daily_budget", "monthly_budget", "requests", "tokens"];

    private static readonly (string Limit, string Label)[] Refusing =
        [("TokensPerDay", "daily_budget"), ("TokensPerMonth", "monthly_budget"), ("TokensPerMinute", "tokens")];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// <c>increase()</c> is the last sample of a series less its first one: a series that began with the first refusal would not grow.
    /// </summary>
    [Fact]
    public async Task Metrics_FirstRefusal_IsSeenAsGrowth()
    {
        var ops = new TestKey("ops", "operator");
        var tenants = Refusing.Select(one => (Key: new TestKey($"by-{one.Limit}"), one.Limit, one.Label)).ToList();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = AiProcess.Start(
            "Gateway",
            [
                ("ConnectionStrings__redis", redis.ConnectionString), ("Metrics__Prometheus", "true"), .. provider.Environment(),
                .. ops.Environment, .. tenants.SelectMany(one => one.Key.Environment),
                .. tenants.Select(one => ($"ApiKeys__{one.Key.Tenant}__Limits__{one.Limit}", "1000")),
            ]);
        using var http = new HttpClient();
        await sut.UntilReadyAsync(http);
        using var metrics = ops.ClientOf(sut.Address);
        var before = await RefusedAsync(metrics);

        Assert.Equal(Limits, before.Keys.Order());
        foreach (var (key, _, label) in tenants)
        {
            Assert.Equal(0, before[label]);
            using var client = key.ClientOf(sut.Address);
            using var request = ProviderGateway.ChatRequest("\"max_tokens\":2000");
            using var refused = await client.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            var after = before;
            await Poll.UntilAsync(async () => (after = await RefusedAsync(metrics))[label] > 0, "the refusal is counted");
            Assert.Equal(before.Values.Sum() + 1, after.Values.Sum());
            before = after;
        }
    }

    private static async Task<Dictionary<string, double>> RefusedAsync(HttpClient http) =>
        new Scrape().Add(await http.GetStringAsync("/metrics", Ct), "gateway").By("limit", Metric);
}
