using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.Tests.Fixtures;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Completions of the shipped language model over real HTTP, Redis and processes.</summary>
public sealed class CompletionTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    /// <summary><see cref="Question"/> as the model's template renders it.</summary>
    private const string Rendered =
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        + $"<|im_start|>user\n{Question}<|im_end|>\n<|im_start|>assistant\n";

    private const string Question = "What is the capital of France?";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static ChatTokenizer Tokenizer { get; } = ChatTokenizer.Load(Path.Combine(Checkout.Models, Model));

    [Fact]
    public async Task Completion_RenderedChat_GoesOnAsTheChatDoes()
    {
        var chat = await platform.AnswerAsync(Ask(Question));
        var ids = new JsonArray([.. Tokenizer.EncodeWithControl(Rendered).Select(id => JsonValue.Create(id))]);

        var ofText = await CompleteAsync(Body(Rendered, tokens: 24));
        var ofTokens = await CompleteAsync(Body(ids, tokens: 24));

        Assert.Equal(ContentOf(chat), TextOf(ofText));
        Assert.Equal(ContentOf(chat), TextOf(ofTokens));
        Assert.Equal(37, ofText.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(37, ofTokens.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Completion_Answer_HasAllThatTheDialectHas()
    {
        var body = Body("The sky is");
        body.Remove("max_tokens");
        body["ignore_eos"] = true;
        using var reply = await PostAsync(body);
        var answer = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement;

        var job = reply.Headers.GetValues("X-Job-Id").Single();
        Assert.Equal($"cmpl-{job["job_".Length..job.IndexOf('.', StringComparison.Ordinal)]}", answer.GetProperty("id").GetString());
        Assert.Equal(("text_completion", Model), (answer.GetProperty("object").GetString(), answer.GetProperty("model").GetString()));
        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal(["index", "text", "logprobs", "finish_reason"], choice.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("length", JsonValueKind.Null), (choice.GetProperty("finish_reason").GetString(), choice.GetProperty("logprobs").ValueKind));
        // OpenAI's default.
        Assert.Equal(16, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Completion_SeveralPromptsAndChoices_AreInTheOrderOfThePrompts()
    {
        JsonObject Of(JsonNode prompt)
        {
            var body = Body(prompt, tokens: 10);
            (body["n"], body["temperature"], body["seed"]) = (2, 1, 11);
            return body;
        }

        var both = await CompleteAsync(Of(new JsonArray("Once upon a time", "The recipe needs")));
        var first = await CompleteAsync(Of("Once upon a time"));
        var second = await CompleteAsync(Of("The recipe needs"));

        var choices = both.GetProperty("choices").EnumerateArray().ToList();
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.Equal(
            [TextOf(first), TextOf(first, 1), TextOf(second), TextOf(second, 1)],
            choices.Select(choice => choice.GetProperty("text").GetString()));
        Assert.NotEqual(TextOf(first), TextOf(first, 1));
        int Prompt(JsonElement answer) => answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32();
        Assert.Equal(Prompt(first) + Prompt(second), Prompt(both));
    }

    [Fact]
    public async Task Completion_EqualPromptsWithoutASeed_HaveTextsOfTheirOwn()
    {
        var body = Body(new JsonArray("Once upon a time", "Once upon a time"), tokens: 24);
        body["temperature"] = 1.5;

        var answer = await CompleteAsync(body);

        Assert.NotEqual(TextOf(answer), TextOf(answer, 1));
    }

    [Fact]
    public async Task Completion_StopString_EndsTheTextBeforeIt()
    {
        var whole = TextOf(await CompleteAsync(Body("The capital of France is", tokens: 24)));
        var stop = whole[6..10];
        var body = Body("The capital of France is", tokens: 24);
        body["stop"] = stop;

        var answer = await CompleteAsync(body);

        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], TextOf(answer));
        Assert.Equal("stop", answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Completion_Logprobs_TellEveryTokenAndWhereItStands(int count)
    {
        var body = Body("😀 😀 😀 😀 😀 😀", tokens: 12);
        (body["logprobs"], body["ignore_eos"]) = (count, true);

        var answer = await CompleteAsync(body);

        var logprobs = answer.GetProperty("choices")[0].GetProperty("logprobs");
        var tokens = logprobs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!).ToList();
        var offsets = logprobs.GetProperty("text_offset").EnumerateArray().Select(offset => offset.GetInt32()).ToList();
        var top = logprobs.GetProperty("top_logprobs").EnumerateArray().ToList();
        Assert.Equal((12, 12, 12), (tokens.Count, offsets.Count, top.Count));
        var runes = TextOf(answer).EnumerateRunes().ToList();
        for (var i = 0; i < tokens.Count; i++)
        {
            var likelihood = logprobs.GetProperty("token_logprobs")[i].GetSingle();
            Assert.InRange(likelihood, -20, 0);
            Assert.Equal(likelihood, top[i].GetProperty(tokens[i]).GetSingle());
            Assert.InRange(top[i].EnumerateObject().Count(), Math.Max(1, count), count + 1);
            if (!tokens[i].StartsWith("bytes:", StringComparison.Ordinal))
                Assert.StartsWith(tokens[i], string.Concat(runes[offsets[i]..]), StringComparison.Ordinal);
        }

        Assert.Equal(offsets.Order(), offsets);
    }

    [Fact]
    public async Task Stream_Pieces_AreTheWholeAnswer()
    {
        JsonObject Of()
        {
            var body = Body(new JsonArray("Once upon a time", "The recipe needs"), tokens: 12);
            (body["n"], body["temperature"], body["seed"], body["logprobs"]) = (2, 1, 3, 2);
            return body;
        }

        var whole = await CompleteAsync(Of());
        var body = Of();
        (body["stream"], body["stream_options"]) = (true, new JsonObject { ["include_usage"] = true });
        var chunks = await StreamAsync(body);

        Assert.All(chunks, chunk => Assert.Equal("text_completion", chunk.GetProperty("object").GetString()));
        Assert.Equal(
            whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32(),
            chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        for (var i = 0; i < 4; i++)
        {
            var said = ChoicesOf(chunks, i);
            Assert.Equal(TextOf(whole, i), string.Concat(said.Select(choice => choice.GetProperty("text").GetString())));
            Assert.Equal(
                whole.GetProperty("choices")[i].GetProperty("finish_reason").GetString(),
                said[^1].GetProperty("finish_reason").GetString());
            var streamed = said.Select(choice => choice.GetProperty("logprobs"))
                .Where(one => one.ValueKind == JsonValueKind.Object).ToList();
            var expected = whole.GetProperty("choices")[i].GetProperty("logprobs");
            foreach (var array in (string[])["tokens", "text_offset"])
            {
                Assert.Equal(
                    expected.GetProperty(array).EnumerateArray().Select(one => one.GetRawText()),
                    streamed.SelectMany(one => one.GetProperty(array).EnumerateArray().Select(item => item.GetRawText())));
            }
        }
    }

    [Fact]
    public async Task Stream_RepeatedIdempotencyKey_GetsTheSameText()
    {
        var body = Body("Once upon a time", tokens: 12);
        (body["temperature"], body["stream"]) = (1, true);
        var key = RedisServer.Unique("key");

        var first = await StreamAsync(body, ("Idempotency-Key", key));
        var second = await StreamAsync(body, ("Idempotency-Key", key));

        Assert.Equal(
            string.Concat(ChoicesOf(first, 0).Select(choice => choice.GetProperty("text").GetString())),
            string.Concat(ChoicesOf(second, 0).Select(choice => choice.GetProperty("text").GetString())));
    }

    [Fact]
    public async Task Completion_AsAJob_GivesWhatTheSynchronousCallGives()
    {
        var answer = await CompleteAsync(Body("The sky is", tokens: 8));

        using var reply = await platform.Http.PostAsJsonAsync(
            "/v1/jobs", new JsonObject { ["endpoint"] = "/v1/completions", ["body"] = Body("The sky is", tokens: 8) }, Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.Accepted, await reply.Content.ReadAsStringAsync(Ct));
        var id = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("id").GetString()!;
        var job = await platform.Platform.EndOfAsync(id);

        Assert.Equal(("succeeded", "/v1/completions"), (job.GetProperty("status").GetString(), job.GetProperty("endpoint").GetString()));
        Assert.Equal(TextOf(answer), TextOf(job.GetProperty("output")));
        Assert.Equal(8, job.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"prompt":""}""", "prompt", "invalid_request")]
    [InlineData("""{"prompt":[5,49152]}""", "prompt[1]", "invalid_request")]
    [InlineData("""{"prompt":[[5],[6,2147483647]]}""", "prompt[1][1]", "invalid_request")]
    [InlineData("""{"echo":true}""", "echo", "invalid_request")]
    [InlineData("""{"suffix":"b"}""", "suffix", "invalid_request")]
    [InlineData("""{"best_of":2}""", "best_of", "invalid_request")]
    [InlineData("""{"logprobs":6}""", "logprobs", "invalid_request")]
    [InlineData("""{"logit_bias":{"49152":1}}""", "logit_bias.49152", "invalid_request")]
    [InlineData("""{"max_tokens":8192}""", "max_tokens", "context_length_exceeded")]
    [InlineData("""{"max_tokens":8191,"prompt":["a","a b"]}""", "prompt[1]", "context_length_exceeded")]
    public async Task Completion_WrongRequest_IsRefusedByName(string change, string param, string code)
    {
        var body = Body("a");
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) body[name] = value!.DeepClone();

        using var reply = await PostAsync(body);

        var error = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal((param, code), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Completion_AsManyTextsAsOneMayAskFor_AreAllThere()
    {
        var body = Body(new JsonArray([.. Enumerable.Range(0, 32).Select(i => JsonValue.Create($"Number {i} is"))]), tokens: 2);
        (body["n"], body["temperature"]) = (4, 1);

        var answer = await CompleteAsync(body);

        Assert.Equal(Enumerable.Range(0, 128), answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
    }

    private static JsonObject Body(JsonNode prompt, int tokens = 8) =>
        new() { ["model"] = Model, ["prompt"] = prompt, ["temperature"] = 0, ["max_tokens"] = tokens };

    private static string TextOf(JsonElement answer, int choice = 0) =>
        answer.GetProperty("choices")[choice].GetProperty("text").GetString()!;

    private static List<JsonElement> ChoicesOf(IEnumerable<JsonElement> chunks, int index) =>
        [.. chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()).Where(choice => choice.GetProperty("index").GetInt32() == index)];

    private Task<HttpResponseMessage> PostAsync(JsonObject body, params (string Name, string Value)[] headers) =>
        ChatPlatform.PostAsync(platform.Http, "/v1/completions", body, headers);

    private async Task<JsonElement> CompleteAsync(JsonObject body)
    {
        using var reply = await PostAsync(body);
        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<List<JsonElement>> StreamAsync(JsonObject body, params (string Name, string Value)[] headers)
    {
        using var reply = await PostAsync(body, headers);
        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, text);
        return ChunksOf(text);
    }
}
