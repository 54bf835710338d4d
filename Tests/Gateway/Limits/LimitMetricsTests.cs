using System.Net;
using AiPlatform.Tests.EndToEnd.Monitoring;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Xunit;

namespace AiPlatform.Tests.Gateway.Limits;

/// <summary>Refusals in <c>/metrics</c>, as Prometheus reads them.</summary>
public sealed class LimitMetricsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Metric = "aiplatform_limits_refused_total";

    private static readonly string[] Limits = ["concurrency", "daily_budget", "monthly_budget", "requests", "tokens"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// <c>increase()</c> is the last sample of a series less its first one: a series that began with the first refusal would not grow.
    /// </summary>
    [Theory]
    [InlineData("TokensPerDay", "daily_budget")]
    [InlineData("TokensPerMonth", "monthly_budget")]
    [InlineData("TokensPerMinute", "tokens")]
    public async Task Metrics_FirstRefusal_IsSeenAsGrowth(string limit, string label)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Metrics:Prometheus=true", $"Limits:{limit}=1000");
        var before = await RefusedAsync(sut);

        var refused = await sut.ChatAsync("\"max_tokens\":2000");

        Assert.Equal(HttpStatusCode.TooManyRequests, (HttpStatusCode)refused.Status);
        Assert.Equal(Limits, before.Keys.Order());
        Assert.All(before.Values, value => Assert.Equal(0, value));
        var after = before;
        await Poll.UntilAsync(async () => (after = await RefusedAsync(sut))[label] - before[label] > 0, "the refusal is counted");
        Assert.Equal(1, after.Values.Sum());
    }

    private static async Task<Dictionary<string, double>> RefusedAsync(ProviderGateway sut) =>
        new Scrape().Add(await sut.Gateway.Client.GetStringAsync("/metrics", Ct), "gateway").By("limit", Metric);
}
