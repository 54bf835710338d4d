using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.Answers;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Xunit;

namespace AiPlatform.Tests.Gateway.Answers;

/// <summary>Routes with typed answers, over real HTTP and with a provider over real HTTP.</summary>
public sealed class AnswerRoutesTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Generated = """{"summary":"A good day.","sentiment":"Positive","tags":["day"]}""";

    private readonly RedisServer _redis = redis;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AskAi_Prompt_IsAnswered()
    {
        await using var sut = await StartAsync();
        sut.Provider.Script(FakeProvider.Says("""{"answer":"42"}"""));

        var (status, body) = await PostAsync(sut, "/ask-ai", """{"prompt":"What is the answer?"}""");

        var asked = sut.Provider.Received[0].Json;
        Assert.Equal((200, """{"answer":"42"}"""), (status, body));
        Assert.Equal("gpt-upstream", asked.GetProperty("model").GetString());
        Assert.Equal(["system", "user"], asked.GetProperty("messages").EnumerateArray().Select(one => one.GetProperty("role").GetString()));
        Assert.Equal("What is the answer?", asked.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal("ask_answer", asked.GetProperty("response_format").GetProperty("json_schema").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Generate_AnswerDoesNotFit_IsCorrectedBeforeAnybodySeesIt()
    {
        await using var sut = await StartAsync();
        sut.Provider.Script(
            FakeProvider.Says(Generated.Replace("Positive", "Happy", StringComparison.Ordinal)), FakeProvider.Says(Generated));

        var (status, body) = await PostAsync(sut, "/generate", """{"prompt":"It was a good day."}""");

        Assert.Equal((200, Generated), (status, body));
        Assert.Contains("/sentiment", sut.Provider.Received[1].Json.GetProperty("messages")[3].GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_AnswerNeverFits_Is422AndNoAnswer()
    {
        await using var sut = await StartAsync();
        sut.Provider.Otherwise = FakeProvider.Says("I would say: positive.");

        var (status, body) = await PostAsync(sut, "/generate", """{"prompt":"It was a good day."}""");

        Assert.Equal((422, "answer_invalid", 3), (status, CodeOf(body), sut.Provider.Received.Count));
    }

    [Theory]
    [InlineData("""{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"No."},"finish_reason":"stop"}]}""")]
    [InlineData("""{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":null},"finish_reason":"stop"}]}""")]
    public async Task AskAi_NoContent_Is422(string answer)
    {
        await using var sut = await StartAsync("Models:gpt:MaxCorrections=0");
        sut.Provider.Otherwise = FakeProvider.Json(answer);

        var (status, body) = await PostAsync(sut, "/ask-ai", """{"prompt":"hi"}""");

        Assert.Equal((422, "answer_invalid"), (status, CodeOf(body)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("{", "")]
    [InlineData("[]", "")]
    [InlineData("{}", "prompt")]
    [InlineData("""{"prompt":""}""", "prompt")]
    [InlineData("""{"prompt":7}""", "prompt")]
    [InlineData("""{"prompt":null}""", "prompt")]
    [InlineData("""{"prompt":"a","prompt":"b"}""", "prompt")]
    [InlineData("""{"prompt":"\ud800"}""", "prompt")]
    [InlineData("""{"prompt":"a","temperature":1}""", "temperature")]
    public async Task AskAi_BadBody_Is400AndNobodyIsAsked(string body, string param)
    {
        await using var sut = await StartAsync();

        var (status, problem) = await PostAsync(sut, "/ask-ai", body);

        Assert.Equal((400, "invalid_request", 0), (status, CodeOf(problem), sut.Provider.Received.Count));
        Assert.Equal(param, JsonDocument.Parse(problem).RootElement.TryGetProperty("param", out var named) ? named.GetString() ?? "" : "");
    }

    [Fact]
    public async Task AskAi_PromptTooLong_Is400WithTheNumbers()
    {
        await using var sut = await StartAsync();

        var (status, problem) = await PostAsync(sut, "/ask-ai", $$"""{"prompt":"{{new string('x', 100_001)}}"}""");

        Assert.Equal(400, status);
        Assert.Contains("100001", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAi_PromptOfEmoji_IsCountedInCodePoints()
    {
        await using var sut = await StartAsync();
        sut.Provider.Script(FakeProvider.Says("""{"answer":"42"}"""));

        var (status, _) = await PostAsync(sut, "/ask-ai", $$"""{"prompt":"{{string.Concat(Enumerable.Repeat("\U0001F600", 60_000))}}"}""");
        var (tooLong, problem) = await PostAsync(sut, "/ask-ai", $$"""{"prompt":"{{string.Concat(Enumerable.Repeat("\U0001F600", 100_001))}}"}""");

        Assert.Equal((200, 400), (status, tooLong));
        Assert.Contains("prompt has 100001 characters", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\ud83d", 502)]
    [InlineData("\\\\ud83d", 422)]
    public async Task AskAi_AnswerWithHalfASurrogatePair_IsNoAnswer(string half, int expected)
    {
        await using var sut = await StartAsync("Models:gpt:MaxCorrections=0", "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = FakeProvider.Json(
            $$$$"""{"choices":[{"index":0,"message":{"role":"assistant","content":"{\"answer\":\"cut {{{{half}}}}\"}"},"finish_reason":"stop"}]}""");

        var (status, _) = await PostAsync(sut, "/ask-ai", """{"prompt":"hi"}""");

        Assert.Equal(expected, status);
    }

    [Theory]
    [InlineData(null, "Answers:Model is not set")]
    [InlineData("Answers:Model=nothing", "'nothing'")]
    public async Task AskAi_NoModel_Is404ThatNamesTheSetting(string? setting, string words)
    {
        await using var sut = setting is null ? await ProviderGateway.StartAsync(_redis)
            : await ProviderGateway.StartAsync(_redis, setting);

        var (status, problem) = await PostAsync(sut, "/ask-ai", """{"prompt":"hi"}""");

        Assert.Equal((404, "model_not_found"), (status, CodeOf(problem)));
        Assert.Contains("Answers:Model", problem, StringComparison.Ordinal);
        Assert.Contains(words, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Answers:Timeout=00:00:00.200", "30")]
    [InlineData("Answers:Timeout=00:00:30", "0.2")]
    public async Task AskAi_ProviderIsSilent_Is504AtTheDeadline(string setting, string header)
    {
        await using var sut = await StartAsync(setting);
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        var (status, problem) = await PostAsync(sut, "/ask-ai", """{"prompt":"hi"}""", ("X-Request-Timeout", header));

        Assert.Equal(504, status);
        Assert.Contains("provider_timeout", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAi_ProviderFails_GoesToTheFallbackAndIsCounted()
    {
        await using var sut = await StartAsync("Models:gpt:MaxRetries=0", "Models:gpt:Fallbacks:0=backup", "Models:backup:Provider=fake");
        sut.Provider.Script(FakeProvider.Fails(500), FakeProvider.Says("""{"answer":"from the other"}"""));

        var (status, body) = await PostAsync(sut, "/ask-ai", """{"prompt":"hi"}""");

        Assert.Equal((200, """{"answer":"from the other"}"""), (status, body));
    }

    [Fact]
    public async Task Start_TimeoutOutOfRange_NamesTheKey()
    {
        var wrong = await Assert.ThrowsAnyAsync<Exception>(() => ProviderGateway.StartAsync(_redis, "Answers:Timeout=00:00:00"));

        Assert.Contains("Answers", $"{wrong}", StringComparison.Ordinal);
        Assert.Contains("Timeout", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_AnswerRoutes_HaveTheContractsOwnSchema()
    {
        await using var sut = await StartAsync();

        var document = JsonNode.Parse(await sut.Gateway.Client.GetStringAsync("/openapi/v1.json", Ct))!;

        var operation = document["paths"]!["/generate"]!["post"]!;
        Assert.Equal(
            "#/components/schemas/generate_answer",
            (string?)operation["responses"]!["200"]!["content"]!["application/json"]!["schema"]!["$ref"]);
        Assert.Equal(
            ["200", "400", "401", "403", "404", "408", "413", "415", "422", "429", "502", "503", "504"],
            operation["responses"]!.AsObject().Select(one => one.Key).Order());
        var described = document["components"]!["schemas"]!["generate_answer"]!;
        var contract = new AnswerContract<GenerateAnswer>().Schema;
        Assert.True(JsonNode.DeepEquals(contract, described), $"{described.ToJsonString()}\n{contract.ToJsonString()}");
    }

    private static string? CodeOf(string problem) => JsonDocument.Parse(problem).RootElement.GetProperty("code").GetString();

    private static async Task<(int Status, string Body)> PostAsync(
        ProviderGateway sut, string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var reply = await sut.Gateway.Client.SendAsync(request, Ct);
        return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync(Ct));
    }

    private Task<ProviderGateway> StartAsync(params string[] settings) =>
        ProviderGateway.StartAsync(_redis, ["Answers:Model=gpt", .. settings]);
}
