using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Gateways run jobs of providers' models as real processes, and one of them is killed.</summary>
public sealed class ProviderJobRecoveryTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GatewayKilled_InTheMiddleOfACall_AnotherOneMakesItAndTheJobEndsOnce()
    {
        await using var provider = await FakeProvider.StartAsync();
        provider.Script(FakeProvider.HangsAsync);
        await using var first = Start(provider);
        using var http = new HttpClient();
        await first.UntilReadyAsync(http);
        var id = await SubmitAsync(http, first.Address);
        await Poll.UntilAsync(() => provider.UnderWay == 1, "the call is under way");
        await using var second = Start(provider);
        await second.UntilReadyAsync(http);

        await first.KillAsync();
        JsonElement job = default;
        await Poll.UntilAsync(
            async () =>
            {
                job = await http.GetFromJsonAsync<JsonElement>(new Uri(second.Address, $"/v1/jobs/{id}?wait=10"), Ct);
                return job.GetProperty("status").GetString() is not ("queued" or "running");
            },
            "the job ends");
        using var reader = new HttpClient { BaseAddress = second.Address };
        var changes = (await EventReader.ReadAllAsync(reader, id)).Where(one => one.Kind == "status").Select(one => one.Data).ToList();

        Assert.Equal(
            ("succeeded", 2, 2), (job.GetProperty("status").GetString(), job.GetProperty("attempts").GetInt32(), provider.Received.Count));
        Assert.Equal(
            ["queued", "running", "queued", "running", "succeeded"],
            changes.Select(change => JsonDocument.Parse(change).RootElement.GetProperty("status").GetString()));
    }

    private AiProcess Start(FakeProvider provider) => AiProcess.Start(
        "Gateway", [("ConnectionStrings__redis", redis.ConnectionString), ("Jobs__LeaseDuration", "00:00:02"), .. provider.Environment()]);

    private static async Task<string> SubmitAsync(HttpClient http, Uri gateway)
    {
        using var reply = await http.PostAsJsonAsync(
            new Uri(gateway, "/v1/jobs"),
            new
            {
                endpoint = "/v1/chat/completions",
                body = new { model = "gpt", messages = new[] { new { role = "user", content = "hi" } } },
            }, Ct);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
    }
}
