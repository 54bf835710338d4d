using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using Xunit;

namespace AiPlatform.Tests.Jobs.Payloads;

public sealed class RequestJsonTests
{
    [Theory]
    [InlineData("""{"model":"gpt","input":"a"}""", "gpt")]
    [InlineData("""{"input":{"model":"inner"},"model":"gpt"}""", "gpt")]
    [InlineData("""{"model":"first","model":"second"}""", "first")]
    [InlineData("""{"model":"é"} and what nobody reads""", "é")]
    [InlineData("""{"model":"broken \ud800"}""", null)]
    [InlineData("""{"model":7}""", null)]
    [InlineData("""{"input":"a"}""", null)]
    [InlineData("""{"input":[1,}""", null)]
    [InlineData("""["model","gpt"]""", null)]
    [InlineData("", null)]
    public void ModelOf_AnyBytes_IsTheFirstModelOrNull(string body, string? model) =>
        Assert.Equal(model, RequestJson.ModelOf(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("""{"model":"m","metadata":{"k":"\ud800"}}""", "metadata")]
    [InlineData("""{"model":"m","metadata":{"\ud800":"v"}}""", "metadata")]
    [InlineData("""{"a":[{"b":["c","x\ud83d"]}],"d":"\ud83d\ude00"}""", "a")]
    [InlineData("""{"d":"\ud83d\ude00","user":"\udc00"}""", "user")]
    [InlineData("""{"a":1,"\ud800":1}""", null)]
    [InlineData("""{"a":1,"no name":"\ud800"}""", null)]
    public void CheckText_HalfOfAPair_NamesTheField(string body, string? field)
    {
        var error = RequestJson.CheckText(Encoding.UTF8.GetBytes(body))!;

        Assert.Equal(field, error.Param);
        Assert.StartsWith($"{field ?? "The body (at byte "}", error.Message, StringComparison.Ordinal);
        Assert.Contains("half of a surrogate pair", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Comparing names stops the reader at the half, and what follows is anything.</summary>
    [Theory]
    [InlineData("""{"a":{"\ud800":1}}""", "a")]
    [InlineData("""{"a":{"\ud800":1}} \""", "a")]
    [InlineData("""{"a":{"\ud800":[""", "a")]
    [InlineData("""{"\ud800":""", null)]
    public void ReadObject_HalfOfAPairInAName_NamesTheField(string body, string? field)
    {
        var names = 0;

        var error = RequestJson.ReadObject(Encoding.UTF8.GetBytes(body), ref names, static (ref Utf8JsonReader reader, ref int names) =>
        {
            do
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("known"u8)) names++;
            }
            while (reader.Read() && reader.CurrentDepth > 1);
        });

        Assert.Equal(field, error!.Param);
        Assert.Contains("half of a surrogate pair", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("100", 100)]
    [InlineData("1e2", 100)]
    [InlineData("100.0", 100)]
    [InlineData("12.5E1", 125)]
    [InlineData("2147483647", int.MaxValue)]
    [InlineData("2147483648", null)]
    [InlineData("1.5", null)]
    [InlineData("3.0000000000000000001", null)]
    [InlineData("1e400", null)]
    [InlineData("1e-400", null)]
    [InlineData("0", null)]
    [InlineData("-1e2", null)]
    [InlineData("\"1\"", null)]
    [InlineData("null", null)]
    public void ReadCount_AnySpelling_IsTheWholeNumberOrAnError(string json, int? expected)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();

        var error = RequestJson.ReadCount("dimensions", ref reader, out var count);

        Assert.Equal(expected, count);
        Assert.Equal(expected is null ? "dimensions must be an integer, 1 or more." : null, error?.Message);
    }
}
