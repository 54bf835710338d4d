using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>Embeddings of a provider, which must have a vector for each input, in the requested form.</summary>
public sealed class ProviderEmbeddingsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly string Zero = Base64(0.5f, 0.25f);
    private static readonly string One = Base64(-1.5e-7f, 3);

    private readonly RedisServer _redis = redis;

    public static TheoryData<string, string, string> RightAnswers => new()
    {
        { "", """{"data":[{"index":0,"embedding":[0.5,0.25]},{"index":1,"embedding":[1e-7,-3.0E+2]}],"x":{"kept": 1} }""", "" },
        { ",\"encoding_format\":null", """{"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":[3,4]}]}""", "" },
        { ",\"encoding_format\":\"base64\"", $$"""{"data":[{"index":0,"embedding":"{{Zero}}"},{"index":1,"embedding":"{{One}}"}]}""", "" },
        { ",\"encoding_format\":\"ubinary\"", $$"""{"data":[{"index":0,"embedding":"{{Zero}}"},{"index":1,"embedding":[1,2]}]}""", "" },
        { "", """{"data":[{"embedding":[1]},{"embedding":[2]}]}""", "" },
        {
            ",\"encoding_format\":\"base64\"",
            """{"a": 1,"data":[{"index":0,"embedding": [0.5, 0.25] ,"b":2},{"embedding":[-1.5e-7,3],"index":1}],"usage":{"prompt_tokens":2} }""",
            $$"""{"a": 1,"data":[{"index":0,"embedding": "{{Zero}}" ,"b":2},{"embedding":"{{One}}","index":1}],"usage":{"prompt_tokens":2} }"""
        },
        {
            ",\"encoding_format\":\"float\"",
            $$"""{"data":[{"index":0,"embedding":"{{Zero}}"},{"index":1,"embedding":"{{One.Replace("/", "\\/", StringComparison.Ordinal)}}"}]}""",
            """{"data":[{"index":0,"embedding":[0.5,0.25]},{"index":1,"embedding":[-1.5E-07,3]}]}"""
        },
        {
            "",
            $$"""{"data":[{"index":0,"embedding":[0.5,0.25]},{"index":1,"embedding":"{{One}}"}]}""",
            """{"data":[{"index":0,"embedding":[0.5,0.25]},{"index":1,"embedding":[-1.5E-07,3]}]}"""
        },
    };

    [Theory]
    [MemberData(nameof(RightAnswers))]
    public async Task Embeddings_RightAnswer_IsInTheFormThatWasAskedFor(string more, string answer, string expected)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Json(answer));

        var (status, body) = await EmbedAsync(sut, $$"""{"model":"gpt","input":["a","b"]{{more}}}""");

        Assert.Equal((200, expected.Length == 0 ? answer : expected), (status, body));
    }

    [Theory]
    [InlineData("\"hi\"", 1)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[[1,2],[3]]", 2)]
    [InlineData("[\"a\",\"b\",\"c\"]", 3)]
    public async Task Embeddings_EveryFormOfInput_HasAVectorForEachInput(string input, int vectors)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Script(
            FakeProvider.Json(Vectors(vectors)), FakeProvider.Json(Vectors(vectors + 1)), FakeProvider.Json(Vectors(vectors - 1)));
        var body = $$"""{"model":"gpt","input":{{input}}}""";

        Assert.Equal(200, (await EmbedAsync(sut, body)).Status);
        Assert.Equal(502, (await EmbedAsync(sut, body)).Status);
        Assert.Equal(502, (await EmbedAsync(sut, body)).Status);
    }

    [Theory]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":null}""")]
    [InlineData("""{"data":{}}""")]
    [InlineData("{}")]
    [InlineData("""{"data":[1,2]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":1,"embedding":[1]},{"index":2,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":-1,"embedding":[1]},{"index":0,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":"0","embedding":[1]},{"index":1,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[null,null]},{"index":1,"embedding":[1,2]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1e999]},{"index":1,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1000000000000000000000000000000000000000]},{"index":1,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":null},{"index":1,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0},{"index":1}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":"AAAA"},{"index":1,"embedding":"AAAA"}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":"no base64"},{"index":1,"embedding":"no base64"}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":"AADAfw=="},{"index":1,"embedding":"AADAfw=="}]}""")]
    public async Task Embeddings_WrongAnswer_IsAFailedAttempt(string answer)
    {
        await using var sut = await ProviderGateway.StartAsync(
            _redis, "Models:gpt:MaxRetries=0", "Models:gpt:Fallbacks:0=other", "Models:other:Provider=fake", "Models:other:MaxRetries=0");
        sut.Provider.Script(FakeProvider.Json(answer), FakeProvider.Json(Vectors(2)), FakeProvider.Json(answer), FakeProvider.Json(answer));

        var (saved, body) = await EmbedAsync(sut, """{"model":"gpt","input":["a","b"]}""");
        var (failed, error) = await EmbedAsync(sut, """{"model":"gpt","input":["a","b"]}""");

        Assert.Equal((200, Vectors(2)), (saved, body));
        Assert.Equal((502, "provider_failed"), (failed, JsonDocument.Parse(error).RootElement.GetProperty("error").GetProperty("code").GetString()));
    }

    private static string Base64(params float[] values) => Convert.ToBase64String(MemoryMarshal.AsBytes(values.AsSpan()));

    private static string Vectors(int count) =>
        $$"""{"data":[{{string.Join(",", Enumerable.Range(0, count).Select(at => $$"""{"index":{{at}},"embedding":[0.5,{{at}}]}"""))}}]}""";

    private static async Task<(int Status, string Body)> EmbedAsync(ProviderGateway sut, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await sut.Gateway.Client.PostAsync("/v1/embeddings", content, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
