using System.Text;
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
}
