using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>
/// Whatever bytes a provider sends, whole or streamed, the result is an answer, a failed attempt or an error event, and never a 500.
/// </summary>
public sealed class ProviderMutationTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const int Cases = 250;

    private const string Schema =
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}";

    private static readonly string[] Requests =
        ["", Schema, "\"response_format\":{\"type\":\"json_object\"}", "\"stream\":true", $"\"stream\":true,{Schema}", "\"temperature\":0"];

    private static readonly string[] Bits =
    [
        "\\ud83d", "\\ude00", "\"", "{", "}", "[", "]", ",", ":", "1e999", "\0", "\uFEFF", "\r", "\n", "\n\n", "\r\n\r\n", "data:",
        "data: [DONE]\n\n", "event: error\n", "id: \0\n",
        "retry: -1\n", "```json", "99999999999999999999", new('[', 300), string.Concat(Enumerable.Repeat("{\"a\":", 300)),
    ];

    private static readonly string[] Values =
    [
        "null", "{}", "[]", "\"0\"", "-1", "1e308", "1e400", "99999999999999999999", "9223372036854775807", "\"\\ud83d\"", "true", "[[]]",
        "[null]", "{\"\\ud83d\":0}", "\"\"", "3.5",
        "{\"content\":5,\"\\udc00\":1}", "{\"content\":\"\\ud83d\"}",
    ];

    private static readonly string[] Statuses =
        ["200 OK", "200 OK", "200 OK", "200 OK", "200 OK", "200", "201 Created", "204 No Content", "302 Found", "400 Bad", "422 Bad",
            "429 Slow", "500 Oh", "529 Oh", "999 Oh", "000 Oh", "1000 Oh", "100 Continue", "101 Switching Protocols"];

    private static readonly string[] Headers =
    [
        "retry-after-ms: NaN", "retry-after-ms: -1", "Retry-After: 9999999999", "Retry-After: x", "X-Odd: \u00e9\u00ff", "X-Empty:",
        "No-Colon", "Content-Type: x/y", "Content-Type: ;;;",
        "Content-Length: 5", "Content-Length: -1", "Content-Length: 99999", "Content-Encoding: gzip", "Transfer-Encoding: chunked",
        "Set-Cookie: \"", "Location: :::",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Answer_ChangedInAnyWay_NeverBecomesA500(int seed)
    {
        var numbers = new SeededNumbers(seed);
        await using var raw = new RawProvider();
        var model = RedisServer.Unique("gpt");
        await using var gateway = await GatewayHost.StartAsync(
            redis, $"Providers:raw:BaseUrl={raw.Address}", "Providers:raw:BreakerAttempts=10000", $"Models:{model}:Provider=raw",
            $"Models:{model}:MaxRetries=0",
            $"Models:{model}:MaxCorrections=1", $"Models:{model}:Timeout=00:00:10", $"Models:{model}:MaxAnswerBytes=100000",
            $"Models:{model}:CacheTtl=00:10:00");

        for (var round = 0; round < Cases; round++)
        {
            var more = numbers.OneOf(Requests);
            var streams = more.Contains("stream", StringComparison.Ordinal);
            var (status, headers, body) = Mutated(numbers, streams);
            raw.Answer(status, headers, body);
            var what = $"seed {seed}, round {round}, '{more}': {status} {string.Join(" | ", headers)}\n{Encoding.Latin1.GetString(body)}\n→ ";

            using var request = ProviderGateway.ChatRequest(more, model);
            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            try
            {
                AssertIsUsable((int)response.StatusCode, answer, streams);
            }
            catch (Exception wrong) when (wrong is not OperationCanceledException)
            {
                Assert.Fail($"{what}{(int)response.StatusCode} {answer}\n{wrong.Message}");
            }
        }

        var provider = gateway.Services.GetRequiredService<ProviderCatalog>().Routes.Providers.Single();
        await Poll.UntilAsync(() => provider.UnderWay == 0, () => $"no call is under way, but {provider.UnderWay} are", TimeSpan.FromSeconds(20));
    }

    private static void AssertIsUsable(int status, string answer, bool streams)
    {
        Assert.True(status is 200 or >= 400 and not 500, "the status is not one that a provider's answer may have");
        if (status == 200 && streams)
        {
            var last = SseText.DataOf(answer)[^1];
            if (last != "[DONE]") AssertIsError(last);
            return;
        }

        using var json = JsonDocument.Parse(answer, new JsonDocumentOptions { MaxDepth = 512 });
        if (status >= 500) AssertIsError(answer);
    }

    private static void AssertIsError(string json)
    {
        var error = JsonDocument.Parse(json).RootElement.GetProperty("error");
        var message = error.GetProperty("message").GetString()!;
        Assert.NotEqual("internal_error", error.GetProperty("code").GetString());
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", message, StringComparison.Ordinal);
        Assert.DoesNotContain("..", message, StringComparison.Ordinal);
    }

    private static (string Status, string[] Headers, byte[] Body) Mutated(SeededNumbers numbers, bool streams)
    {
        var text = streams
            ? string.Concat(
                new[] { FakeProvider.Chunk("{\"a\""), FakeProvider.Chunk(":1}"),
                    FakeProvider.Chunk("", "stop"), FakeProvider.UsageChunk }.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n"
            : FakeProvider.ChatJson("{\"a\":1}");
        var body = Encoding.UTF8.GetBytes(text).ToList();
        for (var changes = numbers.Below(4); changes >= 0; changes--) Change(numbers, body);

        List<string> headers = [streams ? "Content-Type: text/event-stream" : "Content-Type: application/json"];
        if (numbers.Below(4) == 0) headers.Insert(numbers.Below(2), numbers.OneOf(Headers));
        return (numbers.OneOf(Statuses), [.. headers], [.. body]);
    }

    private static void Change(SeededNumbers numbers, List<byte> body)
    {
        if (body.Count < 2) return;
        var at = numbers.Below(body.Count);
        var length = Math.Min(numbers.Below(30), body.Count - at);
        switch (numbers.Below(7))
        {
            case 0: body[at] = (byte)numbers.Below(256); break;
            case 1: body.RemoveRange(at, length); break;
            case 2: body.InsertRange(at, body.GetRange(at, length)); break;
            case 3: body.InsertRange(at, Encoding.UTF8.GetBytes(numbers.OneOf(Bits))); break;
            case 4: body.RemoveRange(at, body.Count - at); break;
            case 5:
                // A value of another type.
                var colon = body.IndexOf((byte)':', at);
                if (colon < 0) break;
                var end = body.FindIndex(colon, one => one is (byte)',' or (byte)'}');
                if (end < 0) break;
                body.RemoveRange(colon + 1, end - colon - 1);
                body.InsertRange(colon + 1, Encoding.UTF8.GetBytes(numbers.OneOf(Values)));
                break;
            default:
                // A name that is there twice.
                var brace = body.IndexOf((byte)'{', at);
                if (brace >= 0)
                {
                    var twin = numbers.OneOf(["choices", "index", "delta", "content", "usage", "error", "finish_reason", "message"]);
                    body.InsertRange(brace + 1, Encoding.UTF8.GetBytes($"\"{twin}\":{numbers.OneOf(Values)},"));
                }

                break;
        }
    }
}
