using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Gateway;

public sealed class TelemetryTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const string Path = "/v1/embeddings";

    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task PostEmbeddings_CallerHasATrace_TheJobGoesOnWithIt()
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var model = RedisServer.Unique("trace");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = JsonContent.Create(new { model, input = "a" }) };
        request.Headers.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");

        var answering = _gateway.Client.SendAsync(request);
        var leased = await worker.LeaseAsync();
        await worker.SucceedAsync(leased);
        using var response = await answering;

        Assert.StartsWith($"00-{Trace}-", leased.Traceparent, StringComparison.Ordinal);
        Assert.Equal(Trace, response.Headers.GetValues("x-request-id").Single());
    }

    [Fact]
    public async Task PostEmbeddings_AnyOutcome_IsCounted()
    {
        var model = RedisServer.Unique("counted");
        var outcomes = new ConcurrentBag<(string? Model, string? Outcome)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "gen_ai.server.request.duration") self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            var named = tags.ToArray().ToDictionary(tag => tag.Key, tag => (string?)tag.Value);
            outcomes.Add((named["gen_ai.request.model"], named["outcome"]));
        });
        listener.Start();
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        using var good = await _gateway.PostAsync(Path, new { model, input = "a" });
        using var bad = await _gateway.PostAsync(Path, new { model, input = "a", dimensions = 1000 });
        using var unknown = await _gateway.PostAsync(Path, new { model = $"no-{model}", input = "a" });
        await _gateway.SendRawAsync($"POST {Path}", ["Content-Encoding: br"], "no compression");
        // The body is refused by its announced length, because a client that is still sending when the connection is closed may miss the
        // answer.
        await _gateway.SendBytesAsync(Encoding.UTF8.GetBytes(
            $"POST {Path} HTTP/1.1\r\nHost: {_gateway.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: 5242880\r\n\r\n"));

        await Poll.UntilAsync(() => outcomes.Contains(("unknown", "payload_too_large")), "the call whose body is too large is counted");
        await Poll.UntilAsync(() => outcomes.Contains((model, "succeeded")), "the call is counted");
        Assert.Contains(("unknown", "model_not_found"), outcomes);
        Assert.Contains(("unknown", "invalid_request"), outcomes);
        Assert.DoesNotContain(outcomes, one => one.Model == $"no-{model}");
    }

    /// <summary>A fault that nobody foresaw, in a route of either dialect.</summary>
    [Fact]
    public async Task AnyCall_UnforeseenFault_Answers500WithoutInternals()
    {
        await using var gateway = await GatewayHost.StartAsync(
            fixture.Redis,
            static app =>
            {
                app.MapGet("/v1/fault", Fail);
                app.MapGet("/v1/jobs/any/fault", Fail);
            });

        using var openAI = await gateway.Client.GetAsync(new Uri("/v1/fault", UriKind.Relative), TestContext.Current.CancellationToken);
        using var native = await gateway.Client.GetAsync(
            new Uri("/v1/jobs/any/fault", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.InternalServerError, HttpStatusCode.InternalServerError), (openAI.StatusCode, native.StatusCode));
        Assert.Equal("application/problem+json", native.Content.Headers.ContentType!.MediaType);
        foreach (var response in (HttpResponseMessage[])[openAI, native])
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.Contains("internal_error", text, StringComparison.Ordinal);
            Assert.DoesNotContain("what a programmer did not think of", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
        }

        static IResult Fail() => throw new NotSupportedException("what a programmer did not think of");
    }
}
