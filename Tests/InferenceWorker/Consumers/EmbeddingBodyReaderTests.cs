using System.Text;
using AiPlatform.InferenceWorker.Consumers;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Payloads;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Consumers;

public sealed class EmbeddingBodyReaderTests
{
    [Fact]
    public void Read_EveryField_IsTaken()
    {
        var request = Read("""
            {"model":"m","unknown":{"a":[1]},"input":["a","b"],"encoding_format":"base64","dimensions":128,"truncate":true,"user":"u"}
            """);

        Assert.Equal(["a", "b"], request.Texts);
        Assert.Equal((EmbeddingFormat.Base64, 128, true), (request.Format, request.Dimensions, request.Truncate));
        Assert.Equal("input[1]", request.NameOf(1));
    }

    [Fact]
    public void Read_NullsOfOptionalFields_AreTheDefaults()
    {
        var request = Read("""{"input":"a","encoding_format":null,"dimensions":null,"truncate":null}""");

        Assert.Equal((EmbeddingFormat.Float, null, false), (request.Format, request.Dimensions, request.Truncate));
        Assert.Equal("input", request.NameOf(0));
    }

    [Theory]
    [InlineData("[1,2]", 1)]
    [InlineData("[[1,2],[3]]", 2)]
    public void Read_Tokens_AreTaken(string input, int rows)
    {
        var request = Read($$"""{"input":{{input}}}""");

        Assert.Equal(rows, request.Count);
        Assert.Equal([1, 2], request.TokenArrays![0]);
    }

    [Theory]
    [InlineData("", null, "not valid JSON")]
    [InlineData("{\"input\":\"a\"", null, "not valid JSON")]
    [InlineData("{\"input\":\"a\"} x", null, "not valid JSON")]
    [InlineData("[]", null, "must be a JSON object")]
    [InlineData("{}", "input", "missing")]
    [InlineData("{\"input\":null}", "input", "must be a string")]
    [InlineData("{\"input\":7}", "input", "must be a string")]
    [InlineData("{\"input\":\"\"}", "input", "empty string")]
    [InlineData("{\"input\":[]}", "input", "must not be empty")]
    [InlineData("{\"input\":[\"a\",\"\"]}", "input[1]", "empty string")]
    [InlineData("{\"input\":[\"a\",1]}", "input[1]", "must be a string")]
    [InlineData("{\"input\":[1,\"a\"]}", "input[1]", "must be a token id")]
    [InlineData("{\"input\":[1.5]}", "input[0]", "must be a token id")]
    [InlineData("{\"input\":[99999999999]}", "input[0]", "must be a token id")]
    [InlineData("{\"input\":[[1],[]]}", "input[1]", "empty array")]
    [InlineData("{\"input\":[[1],2]}", "input[1]", "array of token ids")]
    [InlineData("{\"input\":[[1,[2]]]}", "input[0][1]", "must be a token id")]
    [InlineData("{\"input\":[null]}", "input", "must be a string")]
    [InlineData("{\"input\":\"\\ud800\"}", "input", "not valid Unicode")]
    [InlineData("{\"input\":\"a\",\"dimensions\":0}", "dimensions", "1 or more")]
    [InlineData("{\"input\":\"a\",\"dimensions\":\"1\"}", "dimensions", "1 or more")]
    [InlineData("{\"input\":\"a\",\"encoding_format\":\"int8\"}", "encoding_format", "'float' or 'base64'")]
    [InlineData("{\"input\":\"a\",\"truncate\":1}", "truncate", "true or false")]
    public void Read_WrongBody_NamesTheField(string body, string? param, string reason)
    {
        var (request, error) = EmbeddingBodyReader.Read(Encoding.UTF8.GetBytes(body));

        Assert.Null(request);
        Assert.Equal(InferenceErrorKind.InvalidRequest, error!.Kind);
        Assert.Equal(param, error.Param);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2_048, true)]
    [InlineData(2_049, false)]
    public void Read_ManyInputs_HaveALimit(int count, bool accepted)
    {
        var body = $$"""{"input":[{{string.Join(',', Enumerable.Repeat("\"a\"", count))}}]}""";

        var (request, error) = EmbeddingBodyReader.Read(Encoding.UTF8.GetBytes(body));

        Assert.Equal(accepted, request is not null);
        Assert.Equal(accepted ? null : "input", error?.Param);
    }

    [Fact]
    public void Read_AnyBytes_NeverThrow() => Prop.ForAll<byte[]>(bytes =>
    {
        byte[] body = [.. """{"input":"""u8, .. bytes ?? []];
        var (request, error) = EmbeddingBodyReader.Read(body);

        Assert.True(request is null != error is null);
    }).QuickCheckThrowOnFailure();

    private static EmbeddingRequest Read(string body)
    {
        var (request, error) = EmbeddingBodyReader.Read(Encoding.UTF8.GetBytes(body));
        Assert.Null(error);
        return request!;
    }
}
