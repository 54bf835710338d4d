using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Gateway.Tasks.Embeddings;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Embeddings;

public sealed class EmbeddingRequestParserTests
{
    public static TheoryData<string, string> BadFields => BadEmbeddingRequests.Fields;

    public static TheoryData<byte[]> BadBodies => BadEmbeddingRequests.Bodies;

    [Theory]
    [InlineData("""{"model":"m","input":"a"}""", 1)]
    [InlineData("""{"model":"m","input":["a","b"]}""", 2)]
    [InlineData("""{"model":"m","input":[1,2147483647,0]}""", 1)]
    [InlineData("""{"model":"m","input":[[1],[2,3]]}""", 2)]
    [InlineData("""{"model":"m","input":" ","user":null,"dimensions":null,"encoding_format":null,"truncate":null}""", 1)]
    [InlineData("""{"unknown":{"a":[1,{"b":null}]},"model":"m","input":"\ud83d\ude00","truncate":true,"user":"u"}""", 1)]
    [InlineData("  {\"model\":\"m\",\t\"input\":\"a\\u0000\"}\r\n", 1)]
    public void Parse_ValidRequest_CountsRows(string json, int rows)
    {
        var (call, error) = EmbeddingRequestParser.Parse(Encoding.UTF8.GetBytes(json));

        Assert.Null(error);
        Assert.Equal("m", call!.Model);
        Assert.Equal(rows, call.Rows);
    }

    [Fact]
    public void Parse_MostInputs_IsValid()
    {
        var json = $$"""{"model":"m","input":[{{string.Join(',', Enumerable.Repeat("\"a\"", 2048))}}],"encoding_format":"base64","dimensions":3}""";

        var (call, _) = EmbeddingRequestParser.Parse(Encoding.UTF8.GetBytes(json));

        Assert.Equal(new EmbeddingCall("m", 2048, IsSingle: false, EmbeddingFormat.Base64, 3, Truncate: false), call);
    }

    [Fact]
    public void Parse_WithContent_GivesTheInputsAndEveryField()
    {
        var texts = new EmbeddingContent();
        var tokens = new EmbeddingContent();

        var (call, _) = EmbeddingRequestParser.Parse(
            """{"model":"m","input":["a","\u00fc"],"encoding_format":"base64","dimensions":128,"truncate":true}"""u8, texts);
        var (single, _) = EmbeddingRequestParser.Parse("""{"input":[1,2],"model":"m","truncate":null}"""u8, tokens);

        Assert.Equal(["a", "ü"], texts.Texts);
        Assert.Empty(texts.TokenArrays);
        Assert.Equal(new EmbeddingCall("m", 2, IsSingle: false, EmbeddingFormat.Base64, 128, Truncate: true), call);
        Assert.Equal("input[1]", call!.NameOf(1));
        Assert.Equal([1, 2], Assert.Single(tokens.TokenArrays));
        Assert.Empty(tokens.Texts);
        Assert.Equal(new EmbeddingCall("m", 1, IsSingle: true, EmbeddingFormat.Float, null, Truncate: false), single);
        Assert.Equal("input", single!.NameOf(0));
    }

    [Theory]
    [MemberData(nameof(BadFields))]
    public void Parse_BadField_NamesIt(string json, string param)
    {
        var (call, error) = EmbeddingRequestParser.Parse(Encoding.UTF8.GetBytes(json));

        Assert.Null(call);
        Assert.Equal((InferenceErrorKind.InvalidRequest, param), (error!.Kind, error.Param));
    }

    [Theory]
    [MemberData(nameof(BadBodies))]
    public void Parse_NotAnObject_NamesNoParameter(byte[] body)
    {
        var (call, error) = EmbeddingRequestParser.Parse(body);

        Assert.Null(call);
        Assert.Equal((InferenceErrorKind.InvalidRequest, null), (error!.Kind, error.Param));
    }

    [Fact]
    public void Parse_AnyBytes_GivesACallOrAnError()
    {
        FsCheck.Check.One(
            FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000),
            Prop.ForAll<byte[]>(bytes => ExactlyOne(bytes)));
    }

    /// <summary>A valid request with a few changed bytes, which reaches more of the parser than random bytes do.</summary>
    [Fact]
    public void Parse_DamagedRequest_GivesACallOrAnError()
    {
        var valid = Encoding.UTF8.GetBytes("""{"model":"m\u00e9","input":["a\ud83d\ude00",[1,2]],"dimensions":2,"encoding_format":"float","x":{"y":[null]}}""");

        FsCheck.Check.One(
            FsCheck.Config.QuickThrowOnFailure.WithMaxTest(5_000),
            Prop.ForAll<(int Place, byte Value)[]>(changes =>
            {
                var damaged = valid.ToArray();
                foreach (var (place, value) in changes) damaged[(int)((uint)place % (uint)damaged.Length)] = value;
                return ExactlyOne(damaged);
            }));
    }

    private static bool ExactlyOne(byte[] bytes)
    {
        var (call, error) = EmbeddingRequestParser.Parse(bytes);
        return call is null != error is null;
    }
}
