using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Whole answers of the shipped language model over real HTTP, Redis and processes.</summary>
public sealed class ChatTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private const int Compared = 24;
    private const double Clear = 0.5;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Chat_EveryReferenceConversation_IsReadAndAnsweredAsTheReferenceIs()
    {
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Reference", "chat.smollm2-135m-instruct.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();

        var answers = await Task.WhenAll(lines.Select(line => platform.AnswerAsync(new JsonObject
        {
            ["model"] = Model,
            ["messages"] = JsonNode.Parse(line.GetProperty("messages").GetRawText()),
            ["temperature"] = 0,
            ["max_tokens"] = Compared,
        })));

        var tokenizer = AiPlatform.InferenceWorker.Text.Bpe.ChatTokenizer.Load(Path.Combine(Checkout.Models, Model));
        var clear = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            Assert.Equal(
                lines[i].GetProperty("prompt_ids").GetArrayLength(),
                answers[i].GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
            // Kernels differ between processors, so the texts may differ after a token that was not clearly the likeliest.
            var margins = lines[i].GetProperty("margins").EnumerateArray().Select(margin => margin.GetDouble());
            var first = margins.Take(Compared).TakeWhile(margin => margin >= Clear).Count();
            var ids = lines[i].GetProperty("output_ids").EnumerateArray().Take(first).Select(id => id.GetInt32()).ToArray();
            clear += ids.Length;
            Assert.StartsWith(
                tokenizer.Decode(ids, skipSpecialTokens: true).TrimEnd('\uFFFD'), ContentOf(answers[i]), StringComparison.Ordinal);
        }

        Assert.InRange(clear, 20, int.MaxValue);
    }

    [Fact]
    public async Task Chat_Answer_HasAllThatTheDialectHas()
    {
        using var reply = await PostAsync(platform.Http, Ask("What is the capital of France?"));
        var answer = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement;

        var job = reply.Headers.GetValues("X-Job-Id").Single();
        Assert.Equal($"chatcmpl-{job["job_".Length..job.IndexOf('.', StringComparison.Ordinal)]}", answer.GetProperty("id").GetString());
        Assert.Equal(("chat.completion", Model), (answer.GetProperty("object").GetString(), answer.GetProperty("model").GetString()));
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        Assert.InRange(answer.GetProperty("created").GetInt64(), now - 600, now + 5);
        var choice = answer.GetProperty("choices")[0];
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("message").GetProperty("refusal").ValueKind);
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        var usage = answer.GetProperty("usage");
        Assert.Equal(37, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.InRange(usage.GetProperty("completion_tokens").GetInt32(), 1, 24);
        Assert.Equal(
            usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32(),
            usage.GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task Chat_SamePromptAgain_IsKnownAndHasTheSameAnswer()
    {
        var first = await platform.AnswerAsync(Ask("Name three fruits that are red."));
        var second = await platform.AnswerAsync(Ask("Name three fruits that are red."));

        Assert.Equal(ContentOf(first), ContentOf(second));
        Assert.InRange(
            second.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32(), 16, int.MaxValue);
    }

    [Fact]
    public async Task Chat_MaxTokens_EndsWithLength()
    {
        var body = Ask("Count from one to one hundred.", tokens: 7);
        body["ignore_eos"] = true;

        var answer = await platform.AnswerAsync(body);

        Assert.Equal("length", FinishOf(answer));
        Assert.Equal(7, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Chat_StopString_EndsTheTextBeforeIt()
    {
        var whole = ContentOf(await platform.AnswerAsync(Ask("What is the capital of France?", tokens: 40)));
        Assert.InRange(whole.Length, 20, int.MaxValue);
        var stop = whole[9..14];
        var body = Ask("What is the capital of France?", tokens: 40);
        body["stop"] = new JsonArray("never said at all", stop);

        var answer = await platform.AnswerAsync(body);

        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], ContentOf(answer));
        Assert.Equal("stop", FinishOf(answer));
    }

    [Fact]
    public async Task Chat_SeveralChoices_AreDrawnApartAndAgainTheSame()
    {
        JsonObject Body(int n)
        {
            var body = Ask("Tell me a story.", tokens: 16);
            (body["temperature"], body["seed"], body["n"]) = (1, 42, n);
            return body;
        }

        var two = await platform.AnswerAsync(Body(2));
        var again = await platform.AnswerAsync(Body(2));

        Assert.Equal(2, two.GetProperty("choices").GetArrayLength());
        Assert.Equal([0, 1], two.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.NotEqual(ContentOf(two, 0), ContentOf(two, 1));
        Assert.Equal((ContentOf(two, 0), ContentOf(two, 1)), (ContentOf(again, 0), ContentOf(again, 1)));
    }

    [Fact]
    public async Task Chat_Logprobs_TellEveryTokenAndTheLikeliest()
    {
        var body = Ask("What is the capital of France?", tokens: 12);
        (body["logprobs"], body["top_logprobs"]) = (true, 3);

        var answer = await platform.AnswerAsync(body);

        var tokens = answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray().ToList();
        var bytes = tokens.SelectMany(token => token.GetProperty("bytes").EnumerateArray().Select(one => one.GetByte())).ToArray();
        Assert.Equal(ContentOf(answer), System.Text.Encoding.UTF8.GetString(bytes));
        Assert.All(tokens, token =>
        {
            var top = token.GetProperty("top_logprobs").EnumerateArray().ToList();
            Assert.Equal(3, top.Count);
            Assert.Equal(top[0].GetProperty("logprob").GetSingle(), token.GetProperty("logprob").GetSingle());
            Assert.InRange(token.GetProperty("logprob").GetSingle(), -20, 0);
        });
    }

    [Fact]
    public async Task Chat_AsAJob_GivesWhatTheSynchronousCallGives()
    {
        var answer = await platform.AnswerAsync(Ask("What is the capital of Italy?"));

        using var reply = await platform.Http.PostAsJsonAsync(
            "/v1/jobs", new JsonObject { ["endpoint"] = "/v1/chat/completions", ["body"] = Ask("What is the capital of Italy?") }, Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.Accepted, await reply.Content.ReadAsStringAsync(Ct));
        var id = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("id").GetString()!;
        var job = await platform.Platform.EndOfAsync(id);

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(ContentOf(answer), ContentOf(job.GetProperty("output")));
        Assert.Equal(
            answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32(),
            job.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"temperature":3}""", "temperature", "invalid_request")]
    [InlineData("""{"top_p":-1}""", "top_p", "invalid_request")]
    [InlineData("""{"n":0}""", "n", "invalid_request")]
    [InlineData("""{"stop":[""]}""", "stop[0]", "invalid_request")]
    [InlineData("""{"stream_options":{"include_usage":true}}""", "stream_options", "invalid_request")]
    [InlineData("""{"top_logprobs":2}""", "top_logprobs", "invalid_request")]
    [InlineData("""{"logit_bias":{"49152":1}}""", "logit_bias.49152", "invalid_request")]
    [InlineData("""{"response_format":{"type":"xml"}}""", "response_format.type", "invalid_request")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f g"}}]}""", "tools[0].function.name", "invalid_request")]
    [InlineData("""{"functions":[{"name":"f"}]}""", "functions", "invalid_request")]
    [InlineData("""{"messages":[]}""", "messages", "invalid_request")]
    [InlineData("""{"messages":[{"role":"nobody","content":"a"}]}""", "messages[0].role", "invalid_request")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "messages[0].content[0].type", "invalid_request")]
    [InlineData("""{"max_tokens":8192}""", "max_tokens", "context_length_exceeded")]
    [InlineData("""{"max_completion_tokens":8192}""", "max_completion_tokens", "context_length_exceeded")]
    [InlineData("""{"max_tokens":8191}""", "messages", "context_length_exceeded")]
    public async Task Chat_WrongRequest_IsRefusedByName(string change, string param, string code)
    {
        var body = Ask("hi");
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) body[name] = value!.DeepClone();

        using var reply = await PostAsync(platform.Http, body);

        var error = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal((param, code), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Chat_MoreThanTheContextHolds_SaysTheNumbers()
    {
        using var reply = await PostAsync(platform.Http, Ask(string.Concat(Enumerable.Repeat("word ", 9_000))));

        var error = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("error");
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Contains("8192", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Matches("have 90[0-9]{2} tokens", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Chat_UnknownModelAndOtherTask_AreToldBeforeTheFields()
    {
        var unknown = Ask("hi");
        (unknown["model"], unknown["temperature"]) = ("nobody", 3);

        using var reply = await PostAsync(platform.Http, unknown);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
    }

    [Fact]
    public async Task Models_TheLanguageModel_IsListed()
    {
        var list = JsonDocument.Parse(await platform.Http.GetStringAsync(new Uri("/v1/models", UriKind.Relative), Ct)).RootElement;

        var model = Assert.Single(list.GetProperty("data").EnumerateArray(), one => one.GetProperty("id").GetString() == Model);
        Assert.Equal("HuggingFaceTB", model.GetProperty("owned_by").GetString());
    }

    [Fact]
    public async Task Chat_WhatIsSaid_IsInNoLog()
    {
        const string Canary = "The xylophone of Quebec is turquoise";
        var answer = await platform.AnswerAsync(Ask($"{Canary}. Repeat that."));

        foreach (var log in new[] { platform.Platform.Gateway.LogText, platform.Platform.Worker.LogText })
        {
            Assert.DoesNotContain("xylophone", log, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(ContentOf(answer), log, StringComparison.Ordinal);
        }
    }
}
