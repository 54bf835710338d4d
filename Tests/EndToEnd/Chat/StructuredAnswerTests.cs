using System.ClientModel;
using System.ComponentModel;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Structured answers and calls of the shipped language model, by HTTP and by the official SDKs.</summary>
public sealed class StructuredAnswerTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private const string Question = "Is it warm in Oslo?";

    private const string Weather = """
        {"type":"object","properties":{"city":{"enum":["Oslo","Rome"]},"degrees":{"type":"integer","minimum":-50,"maximum":50}},
         "required":["city","degrees"],"additionalProperties":false}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenAI_JsonSchema_HoldsTheAnswer()
    {
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 64,
            ResponseFormat = OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat(
                "weather", BinaryData.FromString(Weather), jsonSchemaIsStrict: true),
        };

        ChatCompletion whole = await Client().CompleteChatAsync([new UserChatMessage(Question)], options, Ct);
        var text = new StringBuilder();
        await foreach (var update in Client().CompleteChatStreamingAsync([new UserChatMessage(Question)], options, Ct))
            foreach (var part in update.ContentUpdate) text.Append(part.Text);

        Assert.Equal(OpenAI.Chat.ChatFinishReason.Stop, whole.FinishReason);
        Assert.Equal(whole.Content[0].Text, text.ToString());
        AssertWeather(text.ToString());
    }

    [Fact]
    public async Task ExtensionsAI_TypedResponse_IsTheRecord()
    {
        using var sut = Client().AsIChatClient();
        var options = new ChatOptions { Temperature = 1, Seed = 7, MaxOutputTokens = 64 };

        var answer = await sut.GetResponseAsync<Report>(Question, options, cancellationToken: Ct);

        Assert.True(answer.TryGetResult(out var report), answer.Text);
        Assert.True(Enum.IsDefined(report.Mood));
    }

    [Theory]
    [InlineData("""{"type":"regex","regex":"(yes|no), [a-z]{3,8}"}""", "^(yes|no), [a-z]{3,8}$")]
    [InlineData("""{"type":"grammar","grammar":"start: \"<\" word (\" \" word) ~ 2 \">\"\nword: /[a-z]{1,6}/"}""", "^<[a-z]{1,6}( [a-z]{1,6}){2}>$")]
    public async Task Chat_OwnFormats_HoldTheAnswer(string format, string pattern)
    {
        var body = Ask(Question, tokens: 48);
        body["response_format"] = JsonNode.Parse(format);

        Assert.Matches(pattern, ContentOf(await platform.AnswerAsync(body)));
    }

    [Fact]
    public async Task Chat_JsonObjectThatIsCut_IsItsBeginningAndSaysLength()
    {
        var body = Ask("Describe Oslo in JSON.", tokens: 5);
        body["response_format"] = new JsonObject { ["type"] = "json_object" };

        var answer = await platform.AnswerAsync(body);

        Assert.StartsWith("{", ContentOf(answer), StringComparison.Ordinal);
        Assert.Equal("length", FinishOf(answer));
    }

    [Fact]
    public async Task Jobs_JsonSchema_HoldsTheAnswer()
    {
        var call = Ask(Question, tokens: 64);
        call["response_format"] = Format(Weather);

        using var reply = await platform.Http.PostAsJsonAsync(
            "/v1/jobs", new JsonObject { ["endpoint"] = "/v1/chat/completions", ["body"] = call }, Ct);
        var id = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("id").GetString()!;
        var job = await platform.Platform.EndOfAsync(id);

        AssertWeather(ContentOf(job.GetProperty("output")));
    }

    [Fact]
    public async Task Generate_WithoutAnyProvider_AnswersWithTheRecord()
    {
        using var reply = await PostAsync(
            platform.Http, "/generate", new JsonObject { ["prompt"] = "The sun was out, and nobody called. We walked along the river and had ice cream." });

        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, text);
        var answer = JsonDocument.Parse(text).RootElement;
        Assert.Contains(answer.GetProperty("sentiment").GetString(), new[] { "Positive", "Negative", "Neutral" });
        Assert.InRange(answer.GetProperty("summary").GetString()!.Length, 1, 1_000);
        Assert.InRange(answer.GetProperty("tags").GetArrayLength(), 1, 10);
    }

    [Fact]
    public async Task OpenAI_RequiredTool_IsCalledWholeAndStreamed()
    {
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 96,
            Tools = { ChatTool.CreateFunctionTool("weather", "The weather.", BinaryData.FromString(Weather)), ChatTool.CreateFunctionTool("time") },
            ToolChoice = ChatToolChoice.CreateFunctionChoice("weather"),
        };

        ChatCompletion whole = await Client().CompleteChatAsync([new UserChatMessage(Question)], options, Ct);
        var (id, name, arguments, finish) = ("", "", new StringBuilder(), default(OpenAI.Chat.ChatFinishReason?));
        await foreach (var update in Client().CompleteChatStreamingAsync([new UserChatMessage(Question)], options, Ct))
        {
            foreach (var call in update.ToolCallUpdates)
            {
                (id, name) = (id + call.ToolCallId, name + call.FunctionName);
                arguments.Append(call.FunctionArgumentsUpdate);
            }

            finish ??= update.FinishReason;
        }

        var said = Assert.Single(whole.ToolCalls);
        Assert.Equal(("weather", OpenAI.Chat.ChatFinishReason.ToolCalls), (said.FunctionName, whole.FinishReason));
        Assert.Equal(("weather", OpenAI.Chat.ChatFinishReason.ToolCalls), (name, finish));
        Assert.StartsWith("call_", id, StringComparison.Ordinal);
        Assert.Equal(said.FunctionArguments.ToString(), arguments.ToString());
        AssertWeather(arguments.ToString());
    }

    [Fact]
    public async Task Chat_ToolsAndChoiceNone_IsText()
    {
        var body = Ask(Question);
        (body["tools"], body["tool_choice"]) = (Tools(), "none");

        var answer = await platform.AnswerAsync(body);

        Assert.False(answer.GetProperty("choices")[0].GetProperty("message").TryGetProperty("tool_calls", out _));
        Assert.NotEmpty(ContentOf(answer));
    }

    /// <summary>What a small model chooses is its own affair; either is in its form.</summary>
    [Fact]
    public async Task Chat_ToolsByItsOwnChoice_IsTextOrCalls()
    {
        for (var seed = 0; seed < 3; seed++)
        {
            var body = Ask(Question, tokens: 24);
            (body["tools"], body["temperature"], body["seed"]) = (Tools(), 1, seed);

            var choice = (await platform.AnswerAsync(body)).GetProperty("choices")[0];
            var message = choice.GetProperty("message");

            if (message.TryGetProperty("tool_calls", out var calls))
                Assert.All(calls.EnumerateArray(), call => Assert.Contains("\"name\":\"weather\"", $"{call}", StringComparison.Ordinal));
            else
                Assert.DoesNotMatch("^<tool_call>", message.GetProperty("content").GetString());
            Assert.NotEqual("null", choice.GetProperty("finish_reason").ToString());
        }
    }

    [Fact]
    public async Task ExtensionsAI_FunctionInvocation_CallsTheFunctionAndTellsTheModel()
    {
        var called = new List<City>();
        using var sut = Client().AsIChatClient().AsBuilder()
            .UseFunctionInvocation(configure: client => client.MaximumIterationsPerRequest = 2).Build();
        var options = new ChatOptions
        {
            Temperature = 0,
            MaxOutputTokens = 96,
            ToolMode = ChatToolMode.RequireAny,
            AllowMultipleToolCalls = false,
            Tools =
            [
                AIFunctionFactory.Create(
                    ([Description("The city.")] City city) =>
                    {
                        called.Add(city);
                        return $"It is warm in {city}.";
                    },
                    "forecast", "The forecast of the weather in a city."),
            ],
        };

        var answer = await sut.GetResponseAsync(Question, options, Ct);

        Assert.NotEmpty(called);
        Assert.All(called, city => Assert.True(Enum.IsDefined(city)));
        var calls = answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
        var results = answer.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().ToList();
        Assert.Equal(calls[0].CallId, results[0].CallId);
        Assert.Equal("forecast", calls[0].Name);
        Assert.StartsWith("It is warm", $"{results[0].Result}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"array","uniqueItems":true}}}""", "response_format.json_schema.schema")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"integer","minimum":2,"maximum":1}}}""", "response_format.json_schema.schema")]
    [InlineData("""{"type":"regex","regex":"(?=a)b"}""", "response_format.regex")]
    [InlineData("""{"type":"grammar","grammar":"start: start"}""", "response_format.grammar")]
    public async Task Chat_FormatThatCannotBeHeld_Is400ThatNamesIt(string format, string param)
    {
        var body = Ask(Question);
        body["response_format"] = JsonNode.Parse(format);

        using var reply = await PostAsync(platform.Http, body);

        var error = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("error");
        Assert.Equal((HttpStatusCode.BadRequest, param), (reply.StatusCode, error.GetProperty("param").GetString()));
    }

    /// <summary>What passes the Gateway, and is much work for a worker all the same.</summary>
    [Fact]
    public async Task Chat_HostileFormats_LeaveAnothersStreamAlone()
    {
        string[] schemas =
        [
            $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 20_000))}}]}""",
            """{"type":"array","minItems":9999,"items":{"type":"array","minItems":9999}}""",
            """{"type":"string","pattern":"^[ab]*a[ab]{9}$"}""",
        ];
        JsonObject[] formats =
        [
            .. schemas.Select(Format),
            new() { ["type"] = "regex", ["regex"] = "(a|a|aa|aaa)*b" },
            new() { ["type"] = "grammar", ["grammar"] = "start: a a a a a a a a\na: \"x\"*" },
        ];
        var other = Ask("Tell me a story.", tokens: 48);
        other["ignore_eos"] = true;

        var stream = platform.StreamAsync(other);
        var hostile = formats.Select(async format =>
        {
            var body = Ask(Question, tokens: 6);
            body["response_format"] = format;
            using var reply = await PostAsync(platform.Http, body);
            return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync(Ct));
        }).ToList();
        using var health = await platform.Http.GetAsync(new Uri("/health", UriKind.Relative), Ct);

        Assert.Equal(200, (int)health.StatusCode);
        foreach (var (status, text) in await Task.WhenAll(hostile)) Assert.True(status is 200 or 400, text);
        Assert.Equal("length", (await stream)[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    private static JsonObject Format(string schema) => new()
    {
        ["type"] = "json_schema",
        ["json_schema"] = new JsonObject { ["name"] = "weather", ["schema"] = JsonNode.Parse(schema) },
    };

    private static JsonArray Tools() => new(new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = "weather", ["description"] = "The weather.", ["parameters"] = JsonNode.Parse(Weather) },
    });

    private static void AssertWeather(string json)
    {
        var answer = JsonDocument.Parse(json).RootElement;
        Assert.Equal(["city", "degrees"], answer.EnumerateObject().Select(one => one.Name));
        Assert.Contains(answer.GetProperty("city").GetString(), new[] { "Oslo", "Rome" });
        Assert.InRange(answer.GetProperty("degrees").GetInt32(), -50, 50);
    }

    private ChatClient Client() => new OpenAIClient(
        new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(platform.Platform.Gateway.Address, "/v1") })
        .GetChatClient(Model);

    private enum City
    {
        Oslo,
        Rome,
    }

    private enum Mood
    {
        Good,
        Bad,
    }

    private sealed record Report(bool IsWarm, Mood Mood);
}
