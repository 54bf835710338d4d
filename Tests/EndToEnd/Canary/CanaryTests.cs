using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.EndToEnd.Otlp;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Canary;

/// <summary>
/// Users' texts, models' answers and keys are sent through every route, in valid and invalid requests, while everything is traced and
/// logged in detail. No log, span or metric of any process may contain them, and no answer may contain keys of providers.
/// </summary>
public sealed class CanaryTests
{
    private const string Text = "canary4711sings";
    private const string TlsKey = "sk-tls-secret-of-another-provider";

    private readonly TestKey _operator = new("ops", "operator");
    private readonly List<string> _answers = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryRoute_WhateverIsSent_LeavesNoTraceOfIt()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync(
            _operator, [.. receiver.Settings("http/protobuf"), .. provider.Environment(), .. Settings(provider)]);
        ScriptProvider(provider);
        var requests = new CanaryRequests(Text, await EndedJobAsync(sut)).ByRoute;
        Assert.Empty((await RoutesAsync(sut)).Except(requests.Keys));

        foreach (var request in requests.Values.SelectMany(all => all)) await SendAsync(sut.Http, request);
        await Poll.UntilAsync(async () => await NothingRunsAsync(sut), "all jobs have ended");
        // A process that stops exports the rest of its telemetry.
        var exitCodes = (await sut.Gateway.StopAsync(), await sut.Worker.StopAsync());

        Assert.Equal((0, 0), exitCodes);
        var spans = receiver.Spans.Select(span => span.Name.Replace("{**", "{", StringComparison.Ordinal)).ToHashSet();
        Assert.Empty(requests.Keys.Except(spans).Except(["none"]));
        Assert.Contains(receiver.Logs, log => log.Body.Contains("failed", StringComparison.Ordinal) && log.Service == "gateway");
        Assert.Contains(_answers, answer => answer.Contains(Text, StringComparison.Ordinal));
        foreach (var secret in (string[])[Text, FakeProvider.Key, TlsKey, _operator.Value])
        {
            // The first two checks say where the text is; the third searches all bytes.
            Assert.DoesNotContain(receiver.Spans.SelectMany(Texts), text => text.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(receiver.Logs.SelectMany(Texts), text => text.Contains(secret, StringComparison.Ordinal));
            Assert.False(receiver.HasAnywhere(secret));
            Assert.DoesNotContain(secret, sut.Gateway.LogText, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, sut.Worker.LogText, StringComparison.Ordinal);
        }

        foreach (var key in (string[])[FakeProvider.Key, TlsKey, _operator.Value])
            Assert.DoesNotContain(_answers, answer => answer.Contains(key, StringComparison.Ordinal));
    }

    private static (string Key, string Value)[] Settings(FakeProvider provider) =>
    [
        ("Providers__tls__BaseUrl", $"https://127.0.0.1:{provider.Address.Port}/v1"), ("Providers__tls__ApiKey", TlsKey), ("Models__tls__Provider", "tls"),
        ("Models__tls__MaxRetries", "0"), ("Models__gpt__MaxRetries", "0"), ("Models__gpt__CacheTtl", "00:01:00"),
        ("Answers__Model", "gpt"),
        ("Providers__fake__BreakerAttempts", "1000"), ("Jobs__RetryDelay", "00:00:00"),
        ("Logging__LogLevel__AiPlatform", "Trace"), ("Gateway__MaxBodyBytes", "200000"),
    ];

    /// <summary>Answers and errors that repeat what was asked, and the key.</summary>
    private static void ScriptProvider(FakeProvider provider)
    {
        const string Both = $"{Text} {FakeProvider.Key}";
        Func<HttpContext, Task>[] whole =
        [
            FakeProvider.Fails(400, Text, Both), FakeProvider.Fails(401, Text, Both),
            FakeProvider.Fails(422, "context_length_exceeded", Both),
            FakeProvider.Fails(429, "insufficient_quota", Both),
            FakeProvider.Fails(500, Text, Both, ("X-Request-Id", Text)), FakeProvider.Json($"{{\"{Both}"),
            FakeProvider.Answers(200, $"text/{Text}", Both),
            FakeProvider.Json($$$"""{"error":{"message":"{{{Both}}}","code":"{{{Text}}}","param":"{{{Text}}}"}}"""), FakeProvider.Says(Text, Text),
        ];
        Assert.Equal(CanaryRequests.ProviderReplies, whole.Length);
        provider.Script(
        [
            .. whole, FakeProvider.StreamsWords(Text),
            FakeProvider.Streams([FakeProvider.Chunk(Text), $$$"""{"error":{"message":"{{{Both}}}","code":"invalid_request_error","param":"{{{Text}}}"}}"""], done: false),
        ]);
        provider.Otherwise = FakeProvider.Says(Text);
    }

    /// <summary>The routes that the Gateway says it has.</summary>
    private static async Task<string[]> RoutesAsync(Platform sut)
    {
        var description = await sut.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json", Ct);
        string[] routes =
        [
            .. from path in description.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               select $"{operation.Name.ToUpperInvariant()} {path.Name}",
        ];
        Assert.NotEmpty(routes);
        return routes;
    }

    private static async Task<string> EndedJobAsync(Platform sut)
    {
        var id = await sut.SubmitAsync(Text);
        await sut.EndOfAsync(id);
        return id;
    }

    private async Task SendAsync(HttpClient http, HttpRequestMessage request)
    {
        using var reply = await http.SendAsync(request, Ct);
        _answers.Add($"{reply.StatusCode} {reply.Headers} {await reply.Content.ReadAsStringAsync(Ct)}");
        Assert.True((int)reply.StatusCode is not 500, $"{request.Method} {request.RequestUri}: {_answers[^1]}");
        request.Dispose();
    }

    private static async Task<bool> NothingRunsAsync(Platform sut)
    {
        var queues = await sut.Http.GetFromJsonAsync<JsonElement>("/v1/queues", Ct);
        return queues.GetProperty("data").EnumerateArray().All(queue => queue.GetProperty("depth").GetInt64() + queue.GetProperty("running").GetInt64() == 0);
    }

    private static IEnumerable<string> Texts(OtlpSpan span) =>
        span.Attributes.Concat(span.Events.SelectMany(one => one.Attributes)).Select(pair => $"{span.Name}: {pair.Key} {pair.Value}");

    private static IEnumerable<string> Texts(OtlpLog log) =>
        log.Attributes.Select(pair => $"{pair.Key} {pair.Value}").Append(log.Body).Select(text => $"{log.Body}: {text}");
}
