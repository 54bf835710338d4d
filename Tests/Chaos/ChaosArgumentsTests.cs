using AiPlatform.Chaos;
using Xunit;

namespace AiPlatform.Tests.Chaos;

public sealed class ChaosArgumentsTests
{
    [Fact]
    public void Parse_Nothing_TakesTheDefaults() => Assert.Equal((new ChaosArguments(2_000, 120, 1), null), ChaosArguments.Parse([]));

    [Fact]
    public void Parse_AllOptions_TakesThem() =>
        Assert.Equal((new ChaosArguments(300, 20, 7), null), ChaosArguments.Parse(["--seed", "7", "--jobs", "300", "--seconds", "20"]));

    [Theory]
    [InlineData("--jobs", "'--jobs' takes a number from 1 to 1000000, not ''.")]
    [InlineData("--jobs 0", "'--jobs' takes a number from 1 to 1000000, not '0'.")]
    [InlineData("--jobs 1000001", "'--jobs' takes a number from 1 to 1000000, not '1000001'.")]
    [InlineData("--jobs -5", "'--jobs' takes a number from 1 to 1000000, not '-5'.")]
    [InlineData("--seconds 4", "'--seconds' takes a number from 5 to 36000, not '4'.")]
    [InlineData("--seconds 36001", "'--seconds' takes a number from 5 to 36000, not '36001'.")]
    [InlineData("--seed x", "'--seed' takes a number from 0 to 2147483647, not 'x'.")]
    [InlineData("--seed 2147483648", "'--seed' takes a number from 0 to 2147483647, not '2147483648'.")]
    [InlineData("--runs 5", "'chaos' has no option '--runs'.")]
    [InlineData("5", "'chaos' has no option '5'.")]
    public void Parse_AnythingElse_SaysWhatIsWrong(string line, string misuse) =>
        Assert.Equal((null, misuse), ChaosArguments.Parse(line.Split(' ')));
}
