using System.Text;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Embeddings;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Requests;

public sealed class ProviderRequestParserTests
{
    private const string Messages = """ "messages":[{"role":"user","content":"hi"}] """;

    [Fact]
    public void Parse_Chat_FindsWhatTheGatewayActsOn()
    {
        var (request, error) = Parse($$$"""
            {"model":"gpt", {{{Messages}}}, "stream":true, "stream_options":{"include_usage":true},"unknown":{"a":[1]},
             "response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"},"name":"n"}},"temperature":0}
            """);

        Assert.Null(error);
        Assert.Equal(("gpt", true, true, true), (request!.Model, request.Streams, request.IncludesUsage, request.IsDeterministic));
        Assert.Equal("\"gpt\"", Encoding.UTF8.GetString(request.Body[request.ModelAt].Span));
        Assert.Equal("{\"type\":\"object\"}", Encoding.UTF8.GetString(request.Schema!.Value.Span));
        Assert.Equal((byte)']', request.Body.Span[request.MessagesEnd]);
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[]}""", "messages")]
    [InlineData("""{"model":"m","messages":{}}""", "messages")]
    [InlineData("""{"model":"m","messages":["hi"]}""", "messages[0]")]
    [InlineData("""{"model":"m"}""", "messages")]
    [InlineData("""{"messages":[{}]}""", "model")]
    [InlineData("""{"model":7,"messages":[{}]}""", "model")]
    [InlineData("""{"model":"","messages":[{}]}""", "model")]
    [InlineData("""{"model":"a","model":"b","messages":[{}]}""", "model")]
    [InlineData("""{"model":"m","messages":[{}],"stream":"yes"}""", "stream")]
    [InlineData("""{"model":"m","messages":[{}],"stream_options":{"include_usage":true}}""", "stream_options")]
    [InlineData("""{"model":"m","messages":[{}],"stream":false,"stream_options":{}}""", "stream_options")]
    [InlineData("""{"model":"m","messages":[{}],"stream":true,"stream_options":[]}""", "stream_options")]
    [InlineData("""{"model":"m","messages":[{}],"stream":true,"stream_options":{"include_usage":1}}""", "stream_options.include_usage")]
    [InlineData("""{"model":"m","messages":[{}],"temperature":2.1}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{}],"temperature":-1}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{}],"temperature":1e400}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{}],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{}],"seed":1.5}""", "seed")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":"json"}""", "response_format")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{}}""", "response_format.type")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"xml"}}""", "response_format.type")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"json_schema"}}""", "response_format.json_schema")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"json_schema","json_schema":[]}}""", "response_format.json_schema")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"json_schema","json_schema":{"schema":{}}}}""", "response_format.json_schema.name")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}}""", "response_format.json_schema.name")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":7}}}""", "response_format.json_schema.schema")]
    [InlineData("""{"model":"m","messages":[{}],"include_raw_answer":"yes"}""", "include_raw_answer")]
    [InlineData("""{"model":"m","messages":[{}],"messages":[{}]}""", "messages")]
    [InlineData("""{"model":"m","messages":[{}],"stream":true,"stream_options":{"include_usage":true,"include_usage":true}}""", "stream_options.include_usage")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"text","type":"text"}}""", "response_format.type")]
    [InlineData(
        """{"model":"m","messages":[{}],"response_format":{"type":"json_schema","json_schema":{"name":"a"},"json_schema":{"name":"a"}}}""",
        "response_format.json_schema")]
    [InlineData(
        """{"model":"m","messages":[{}],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{},"schema":{}}}}""",
        "response_format.json_schema.schema")]
    public void Parse_BadChat_NamesTheField(string body, string param)
    {
        var (request, error) = Parse(body);

        Assert.Null(request);
        Assert.Equal((InferenceErrorKind.InvalidRequest, param), (error!.Kind, error.Param));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"model":"m","messages":[{}]} x""")]
    [InlineData("""{"model":"\ud800","messages":[{}]}""")]
    public void Parse_NotARequest_IsAnError(string body) => Assert.NotNull(Parse(body).Error);

    [Theory]
    [InlineData("""{"model":"m","messages":[{}],"stream":null,"stream_options":null,"temperature":null,"seed":null,"response_format":null}""")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"json_object"}}""")]
    [InlineData("""{"model":"m","messages":[{}],"response_format":{"type":"text"}}""")]
    public void Parse_NullsAndFormatsWithoutSchema_AreTaken(string body)
    {
        var (request, error) = Parse(body);

        Assert.Null(error);
        Assert.Null(request!.Schema);
        Assert.False(request.IsDeterministic);
    }

    [Fact]
    public void Parse_Embeddings_NeedsItsInputOnly()
    {
        var (request, error) = ProviderRequestParser.Parse(EmbeddingTask.Endpoint, """{"input":["a"],"model":"m","future":1}"""u8.ToArray());
        var (_, missing) = ProviderRequestParser.Parse(EmbeddingTask.Endpoint, """{"model":"m"}"""u8.ToArray());

        Assert.Null(error);
        Assert.True(request!.IsDeterministic);
        Assert.Equal("input", missing!.Param);
    }

    /// <summary>What limits hold for a call until its end: docs/keys-and-limits.md.</summary>
    [Theory]
    [InlineData("", 256)]
    [InlineData(",\"max_tokens\":10", 10)]
    [InlineData(",\"max_completion_tokens\":20,\"n\":3", 60)]
    [InlineData(",\"n\":2", 512)]
    public void Tokens_Chat_AreItsBytesAndWhatItMayWrite(string fields, long written)
    {
        var body = $$"""{"model":"m","messages":[{"role":"user","content":"{{new string('a', 400)}}"}]{{fields}}}""";

        Assert.Equal(((body.Length + 3) / 4) + written, Parse(body).Request!.Tokens);
    }

    [Fact]
    public void Tokens_EmbeddedFiles_AreAThousandEach()
    {
        const string Text = """{"model":"m","max_tokens":10,"messages":[{"role":"user","content":[{"image_url":{"url":"FILE"}},{"url":"FILE"}]}]}""";
        var file = $"data:image/png;base64,{new string('A', 400_000)}";

        var tokens = Parse(Text.Replace("FILE", file, StringComparison.Ordinal)).Request!.Tokens;

        Assert.InRange(tokens, 2_010, 2_010 + (Text.Length / 4));
    }

    [Fact]
    public void Tokens_Embeddings_AreWhatTheyReadOnly()
    {
        var body = $$"""{"model":"m","input":"{{new string('a', 400)}}"}""";

        Assert.Equal(
            (body.Length + 3) / 4, ProviderRequestParser.Parse(EmbeddingTask.Endpoint, Encoding.UTF8.GetBytes(body)).Request!.Tokens);
    }

    private static (ProviderRequest? Request, InferenceError? Error) Parse(string body) =>
        ProviderRequestParser.Parse(ChatTask.Endpoint, Encoding.UTF8.GetBytes(body));
}
