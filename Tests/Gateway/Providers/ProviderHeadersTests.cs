using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>A provider gets none of the caller's headers.</summary>
public sealed class ProviderHeadersTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    private static readonly (string, string)[] Callers =
    [
        ("baggage", "user=alice,secret=1"), ("tracestate", "a=b"), ("traceparent", $"00-{Trace}-b7ad6b7169203331-01"),
        ("Cookie", "session=1"),
        ("Request-Id", "|x.1."), ("Correlation-Context", "user=alice"), ("X-Custom", "1"), ("X-Forwarded-For", "10.0.0.1"), ("Referer", "http://a.example/"),
    ];

    private static readonly string[] Own =
        ["Accept", "Authorization", "Content-Length", "Content-Type", "Host", "Transfer-Encoding", "User-Agent"];

    [Theory]
    [InlineData("", null)]
    [InlineData("\"stream\":true", null)]
    [InlineData("", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9")]
    public async Task Call_WithAllThatTracingCarries_TellsTheProviderNothingOfIt(string more, string? telemetry)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, telemetry is null ? [] : [telemetry]);
        if (more.Length > 0) sut.Provider.Script(FakeProvider.StreamsWords("a"));

        var reply = await sut.ChatAsync(more, headers: Callers);

        Assert.Equal(200, reply.Status);
        Assert.Empty(NotOwn(sut.Provider.Received.Single().Headers));
    }

    [Fact]
    public async Task Call_ProviderMaySeeTheTrace_GetsItsIdAndNothingElse()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Providers:fake:SendTraceParent=true");

        await sut.ChatAsync(headers: Callers);

        var headers = sut.Provider.Received.Single().Headers;
        Assert.Equal(["traceparent"], NotOwn(headers));
        Assert.StartsWith($"00-{Trace}-", headers["traceparent"], StringComparison.Ordinal);
        Assert.DoesNotContain("b7ad6b7169203331", headers["traceparent"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_SetsACookie_ItIsNotSentBackNorPassedOn()
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Script(FakeProvider.Json(FakeProvider.ChatJson("a"), headers: [("Set-Cookie", "a=b"), ("X-Vendor", "1")]));

        var first = await sut.ChatAsync();
        await sut.ChatAsync();

        Assert.Equal(("", ""), (first.Header("Set-Cookie"), first.Header("X-Vendor")));
        Assert.False(sut.Provider.Received[1].Headers.ContainsKey("Cookie"));
    }

    /// <summary>The SDK sends its own name and version.</summary>
    private static IEnumerable<string> NotOwn(IReadOnlyDictionary<string, string> headers) => headers.Keys
        .Where(name => !name.StartsWith("X-Stainless-", StringComparison.OrdinalIgnoreCase)).Except(Own, StringComparer.OrdinalIgnoreCase);
}
