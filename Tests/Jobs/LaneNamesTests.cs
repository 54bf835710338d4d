using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Jobs;

public sealed class LaneNamesTests
{
    [Theory]
    [InlineData(Lane.Interactive, "interactive", "i")]
    [InlineData(Lane.Default, "default", "d")]
    [InlineData(Lane.Batch, "batch", "b")]
    public void Names_OfEachLane_AreStable(Lane lane, string name, string letter)
    {
        Assert.Equal((name, letter), (lane.Name, lane.Letter));
        Assert.True(LaneNames.TryParse(name, out var parsed));
        Assert.Equal(lane, parsed);
        Assert.Equal(lane, LaneNames.FromLetter(letter[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Interactive")]
    [InlineData("batch ")]
    [InlineData("b")]
    public void TryParse_AnythingElse_IsRefused(string name) => Assert.False(LaneNames.TryParse(name, out _));

    [Theory]
    [InlineData(' ')]
    [InlineData('I')]
    [InlineData('\0')]
    public void FromLetter_AnyOther_IsTheDefaultLane(char letter) => Assert.Equal(Lane.Default, LaneNames.FromLetter(letter));
}
