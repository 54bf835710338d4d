using AiPlatform.Jobs.Payloads;
using Xunit;

namespace AiPlatform.Tests.Jobs.Payloads;

public sealed class UsageJsonTests
{
    [Theory]
    [InlineData("7", 7)]
    [InlineData("1000.0", 1000)]
    [InlineData("1e3", 1000)]
    [InlineData("1.5E+3", 1500)]
    [InlineData("1000000000", 1_000_000_000)]
    [InlineData("1000000001", 0)]
    [InlineData("9223372036854775806", 0)]
    [InlineData("9223372036854775808", 0)]
    [InlineData("1e400", 0)]
    [InlineData("-1", 0)]
    [InlineData("-1e3", 0)]
    [InlineData("0.5", 0)]
    [InlineData("\"7\"", 0)]
    [InlineData("null", 0)]
    [InlineData("{\"prompt_tokens\":5}", 0)]
    [InlineData("[5]", 0)]
    public void Read_AnySpelling_CountsWholeNumbersThatACallCanHave(string tokens, long counted)
    {
        Assert.Equal((counted, 2), UsageJson.Read($$"""{"prompt_tokens":{{tokens}},"completion_tokens":2,"x":{"y":[1]} }"""));
        Assert.Equal((2, counted), UsageJson.Read($$"""{"prompt_tokens":2,"completion_tokens":{{tokens}} }"""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("[]")]
    [InlineData("{\"prompt_tokens\":")]
    [InlineData("{\"\\ud83dompt_tokens\":7}")]
    public void Read_NoUsage_IsZero(string usage) => Assert.Equal(default, UsageJson.Read(usage));
}
