using AiPlatform.Gateway.Http;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace AiPlatform.Tests.Gateway.Http;

public sealed class LastEventIdTests
{
    public static TheoryData<string[]> Bad { get; } = new(
    [
        ["x"], ["-1"], ["+1"], ["1.0"], [" 1"], ["1e3"], ["0x1"], ["9223372036854775808"], [new string('9', 10_000)], ["1-0"], ["\u0661"],
        ["1", "1"],
    ]);

    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData("0", 0)]
    [InlineData("17", 17)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void TryParse_Number_IsIt(string? header, long expected)
    {
        Assert.True(LastEventId.TryParse(header, out var sequence, out _));

        Assert.Equal(expected, sequence);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void TryParse_Bad_NamesTheHeader(string[] headers)
    {
        Assert.False(LastEventId.TryParse(new StringValues(headers), out _, out var error));

        Assert.Equal("Last-Event-ID", error.Param);
        Assert.InRange(error.Message.Length, 1, 250);
    }
}
