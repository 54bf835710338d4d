using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.Fixtures;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Streams of the shipped language model over real HTTP, Redis and processes.</summary>
public sealed class ChatStreamTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_Pieces_AreTheWholeAnswer()
    {
        var whole = await platform.AnswerAsync(Ask("Why is the sky blue?", tokens: 40));

        var chunks = await platform.StreamAsync(Ask("Why is the sky blue?", tokens: 40));

        Assert.Equal(ContentOf(whole), ContentOf(chunks));
        Assert.InRange(chunks.Count, 4, int.MaxValue);
        Assert.Equal("""{"role":"assistant","content":""}""", chunks[0].GetProperty("choices")[0].GetProperty("delta").GetRawText());
        var last = chunks[^1].GetProperty("choices")[0];
        Assert.Equal(("{}", FinishOf(whole)), (last.GetProperty("delta").GetRawText(), last.GetProperty("finish_reason").GetString()));
        Assert.Single(chunks.Select(chunk => (chunk.GetProperty("id").GetString(), chunk.GetProperty("created").GetInt64())).Distinct());
        Assert.All(chunks, chunk =>
        {
            Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString());
            Assert.Equal(Model, chunk.GetProperty("model").GetString());
            Assert.False(chunk.TryGetProperty("usage", out _));
        });
    }

    [Fact]
    public async Task Stream_IncludeUsage_HasItAtTheEndAndNullBefore()
    {
        var body = Ask("Why is the sky blue?", tokens: 8);
        body["stream_options"] = new JsonObject { ["include_usage"] = true };

        var chunks = await platform.StreamAsync(body);

        Assert.All(chunks.SkipLast(1), chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        Assert.Equal(8, chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Stream_StopString_IsInNoPiece()
    {
        var whole = ContentOf(await platform.AnswerAsync(Ask("What is the capital of France?", tokens: 40)));
        var stop = whole[9..14];
        var body = Ask("What is the capital of France?", tokens: 40);
        body["stop"] = stop;

        var chunks = await platform.StreamAsync(body);

        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], ContentOf(chunks));
        Assert.Equal("stop", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    /// <summary>
    /// Likeliest tokens are compared, because a number that is rounded differently beside other rows may change which token is drawn.
    /// </summary>
    [Fact]
    public async Task Stream_SeveralChoicesWithLogprobs_AreTheWholeAnswers()
    {
        var whole = await platform.AnswerAsync(SeveralChoices(temperature: 0));
        var chunks = await platform.StreamAsync(SeveralChoices(temperature: 0));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ContentOf(whole, i), ContentOf(chunks, i));
            var expected = whole.GetProperty("choices")[i].GetProperty("logprobs").GetProperty("content").EnumerateArray();
            Assert.Equal(expected.Select(token => token.GetProperty("token").GetString()), TokensOf(chunks, i));
        }
    }

    [Fact]
    public async Task Stream_SeveralDrawnChoices_EachHasItsOwnTextAndTokens()
    {
        var chunks = await platform.StreamAsync(SeveralChoices(temperature: 1));

        string[] texts = [ContentOf(chunks, 0), ContentOf(chunks, 1), ContentOf(chunks, 2)];
        for (var i = 0; i < 3; i++)
        {
            Assert.InRange(TokensOf(chunks, i).Count(), 1, 12);
            Assert.Equal(texts[i], string.Concat(TokensOf(chunks, i)));
        }

        Assert.NotEqual(1, texts.Distinct().Count());
    }

    private static JsonObject SeveralChoices(int temperature)
    {
        var body = Ask("Tell me a story.", tokens: 12);
        (body["temperature"], body["seed"], body["n"], body["logprobs"], body["top_logprobs"]) = (temperature, 7, 3, true, 2);
        return body;
    }

    /// <summary>The texts of a choice's tokens, as its log probabilities have them.</summary>
    private static IEnumerable<string?> TokensOf(IEnumerable<JsonElement> chunks, int choice) => chunks
        .SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
        .Where(one => one.GetProperty("index").GetInt32() == choice && one.GetProperty("logprobs").ValueKind != JsonValueKind.Null)
        .SelectMany(one => one.GetProperty("logprobs").GetProperty("content").EnumerateArray())
        .Select(token => token.GetProperty("token").GetString());

    [Fact]
    public async Task Stream_ContextOverflow_IsAStatusAndNoStream()
    {
        var body = Ask("hi", tokens: 8_191);
        body["stream"] = true;

        using var reply = await PostAsync(platform.Http, body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }

    [Fact]
    public async Task Stream_ClientThatLeaves_CancelsItsJobAndFreesItsRow()
    {
        // The prompt is longer than those of all other tests together.
        var body = Endless();
        body["messages"]![0]!["content"] = string.Join(' ', Enumerable.Repeat("day", 1_500));
        var before = await InputTokensAsync();
        using var reply = await PostAsync(platform.Http, body);
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        using (var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct)))
            for (var i = 0; i < 10; i++) await reader.ReadLineAsync(Ct);
        reply.Dispose();

        var job = await platform.Platform.EndOfAsync(id);

        Assert.Equal("canceled", job.GetProperty("status").GetString());
        await UntilNothingRunsAsync(platform.Http);
        await Poll.UntilAsync(async () => await InputTokensAsync() >= before + 1_500, "the call is counted");
    }

    [Fact]
    public async Task Stream_JobThatIsDeleted_EndsWithAnErrorAndFreesItsRow()
    {
        using var reply = await PostAsync(platform.Http, Endless());
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        for (var i = 0; i < 10; i++) await reader.ReadLineAsync(Ct);

        using var deleted = await platform.Http.DeleteAsync(new Uri($"/v1/jobs/{id}", UriKind.Relative), Ct);
        var rest = await reader.ReadToEndAsync(Ct);

        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Contains("\"code\":\"canceled\"", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", rest, StringComparison.Ordinal);
        await UntilNothingRunsAsync(platform.Http);
    }

    [Fact]
    public async Task Stream_DeadlineInTheMiddle_EndsWithAnError()
    {
        using var reply = await PostAsync(platform.Http, Endless(), ("X-Request-Timeout", "2"));

        var text = await reply.Content.ReadAsStringAsync(Ct);

        Assert.Contains("\"code\":\"deadline_exceeded\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        await UntilNothingRunsAsync(platform.Http);
    }

    [Fact]
    public async Task Stream_RepeatedIdempotencyKey_GetsTheSameStream()
    {
        var body = Ask("Tell me a story.", tokens: 16);
        (body["temperature"], body["stream"]) = (1, true);
        var key = RedisServer.Unique("key");

        using var first = await PostAsync(platform.Http, body, ("Idempotency-Key", key));
        using var second = await PostAsync(platform.Http, body, ("Idempotency-Key", key));

        Assert.Equal(await first.Content.ReadAsStringAsync(Ct), await second.Content.ReadAsStringAsync(Ct));
        Assert.Equal(first.Headers.GetValues("X-Job-Id"), second.Headers.GetValues("X-Job-Id"));
    }

    [Fact]
    public async Task Stream_AsAJob_HasItsChunksAsEvents()
    {
        var body = Ask("Why is the sky blue?", tokens: 16);
        body["stream"] = true;
        using var reply = await platform.Http.PostAsJsonAsync(
            "/v1/jobs", new JsonObject { ["endpoint"] = "/v1/chat/completions", ["body"] = body }, Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.Accepted, await reply.Content.ReadAsStringAsync(Ct));
        var id = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("id").GetString()!;

        var events = await platform.Http.GetStringAsync(new Uri($"/v1/jobs/{id}/events", UriKind.Relative), Ct);
        var job = await platform.Platform.EndOfAsync(id);

        var chunks = events.Split("\n\n").Where(one => one.Contains("event: output", StringComparison.Ordinal))
            .Select(one => JsonDocument.Parse(one[(one.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement);
        Assert.Equal(ContentOf(job.GetProperty("output")), ContentOf(chunks));
    }

    private async Task<long> InputTokensAsync() =>
        (await platform.Http.GetFromJsonAsync<JsonElement>("/v1/usage", Ct)).GetProperty("data").EnumerateArray()
        .Sum(row => row.GetProperty("input_tokens").GetInt64());

    internal static JsonObject Endless()
    {
        var body = Ask("Count for ever.", tokens: 6_000);
        (body["ignore_eos"], body["stream"]) = (true, true);
        return body;
    }
}
