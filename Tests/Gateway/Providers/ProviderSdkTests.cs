using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>The official SDK, unchanged, against the Gateway and through it.</summary>
public sealed class ProviderSdkTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task CompleteChat_Text_GivesItWithItsUsage()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);

        ChatCompletion completion = await Chat(sut).CompleteChatAsync("hi");

        Assert.Equal("Hello!", completion.Content[0].Text);
        Assert.Equal(
            (7, 3, ChatFinishReason.Stop), (completion.Usage.InputTokenCount, completion.Usage.OutputTokenCount, completion.FinishReason));
    }

    [Fact]
    public async Task CompleteChatStreaming_Words_ComeInOrder()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.StreamsWords("Hel", "lo", "!"));
        var text = new StringBuilder();

        await foreach (var update in Chat(sut).CompleteChatStreamingAsync("hi"))
            foreach (var part in update.ContentUpdate) text.Append(part.Text);

        Assert.Equal("Hello!", text.ToString());
    }

    [Fact]
    public async Task CompleteChat_Tools_PassThrough()
    {
        const string Call = """
            {"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"tool_calls","logprobs":null,"message":{"role":"assistant","content":null,
             "tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bern\"}"}}]}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}
            """;
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Json(Call));
        var options = new ChatCompletionOptions
        {
            Tools = { ChatTool.CreateFunctionTool("weather", "Tells it.", BinaryData.FromString("""{"type":"object"}""")) },
        };

        ChatCompletion completion = await Chat(sut).CompleteChatAsync([new UserChatMessage("hi")], options);

        Assert.Equal(("weather", "call_1"), (completion.ToolCalls[0].FunctionName, completion.ToolCalls[0].Id));
        Assert.Equal("weather", sut.Provider.Received[0].Json.GetProperty("tools")[0].GetProperty("function").GetProperty("name").GetString());
    }

    [Fact]
    public async Task CompleteChat_StructuredOutput_FitsItsSchema()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Says("{}"), FakeProvider.Says("""{"a":1}"""));

        ChatCompletion completion = await Chat(sut).CompleteChatAsync([new UserChatMessage("hi")], Structured);

        Assert.Equal("""{"a":1}""", completion.Content[0].Text);
        Assert.Equal(2, sut.Provider.Received.Count);
    }

    [Fact]
    public async Task CompleteChat_StructuredOutputNeverFits_IsOneExceptionThatTheSdkDoesNotRepeat()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Otherwise = FakeProvider.Says("{}");

        var wrong = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat(sut).CompleteChatAsync([new UserChatMessage("hi")], Structured));

        Assert.Equal(422, wrong.Status);
        Assert.Contains("must have the property 'a'", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(3, sut.Provider.Received.Count);
    }

    [Fact]
    public async Task CompleteChat_Errors_AreItsExceptions()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Script(FakeProvider.Fails(400, "bad", "No such thing."), FakeProvider.Fails(500));

        var refused = await Assert.ThrowsAsync<ClientResultException>(() => Chat(sut).CompleteChatAsync("hi"));
        var failed = await Assert.ThrowsAsync<ClientResultException>(() => Chat(sut).CompleteChatAsync("hi"));

        Assert.Equal((400, 502), (refused.Status, failed.Status));
        Assert.Contains("No such thing.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CompleteChat_ProviderIsSilentAndTheSdkRetries_EndsAllTheSame()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:Timeout=00:00:00.800");
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        var error = await Assert.ThrowsAsync<ClientResultException>(() => Chat(sut, new ClientRetryPolicy()).CompleteChatAsync("hi"))
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(504, error.Status);
        Assert.Contains("silent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateEmbeddings_OfAProvider_GivesThem()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        var base64 = Convert.ToBase64String([.. BitConverter.GetBytes(0.5f), .. BitConverter.GetBytes(-1f)]);
        sut.Provider.Otherwise = FakeProvider.Json(
            $$$"""{"object":"list","data":[{"object":"embedding","index":0,"embedding":"{{{base64}}}"}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}""");

        OpenAIEmbedding embedding = await Client(sut, new ClientRetryPolicy(0)).GetEmbeddingClient("gpt").GenerateEmbeddingAsync("hi");

        Assert.Equal([0.5f, -1f], embedding.ToFloats().ToArray());
    }

    private static ChatCompletionOptions Structured => new()
    {
        ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
            "n", BinaryData.FromString("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
    };

    private static ChatClient Chat(ProviderGateway sut, ClientRetryPolicy? retries = null) =>
        Client(sut, retries ?? new ClientRetryPolicy(0)).GetChatClient("gpt");

    private static OpenAIClient Client(ProviderGateway sut, ClientRetryPolicy retries) => new(
        new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(sut.Gateway.Address, "/v1"), RetryPolicy = retries });
}
