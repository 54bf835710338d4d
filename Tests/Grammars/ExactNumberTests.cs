using AiPlatform.Grammars.JsonSchema.Numbers;
using Xunit;

namespace AiPlatform.Tests.Grammars;

public sealed class ExactNumberTests
{
    [Theory]
    [InlineData("1", "1.0", 0)]
    [InlineData("100", "1e2", 0)]
    [InlineData("-0", "0", 0)]
    [InlineData("0.1", "0.10000000000000000000001", -1)]
    [InlineData("-2", "1", -1)]
    [InlineData("-2", "-10", 1)]
    [InlineData("9007199254740993", "9007199254740992", 1)]
    [InlineData("1e1000000000", "9e999999999", 1)]
    [InlineData("1e-99999999999999999999", "0", 1)]
    [InlineData("12e1", "119", 1)]
    public void CompareTo_AsWritten_DoesNotRound(string left, string right, int order)
    {
        Assert.Equal(order, Math.Sign(Parse(left).CompareTo(Parse(right))));
        Assert.Equal(-order, Math.Sign(Parse(right).CompareTo(Parse(left))));
        Assert.Equal(order == 0, Parse(left).ToString() == Parse(right).ToString());
    }

    [Theory]
    [InlineData("0.0075", "0.0001", true)]
    [InlineData("0.00751", "0.0001", false)]
    [InlineData("1e1000000000", "0.3", false)]
    [InlineData("3e1000000000", "0.3", true)]
    [InlineData("0", "7", true)]
    [InlineData("-9", "3", true)]
    [InlineData("1", "2", false)]
    public void IsMultipleOf_AsWritten_DoesNotRound(string number, string divisor, bool expected) =>
        Assert.Equal(expected, Parse(number).IsMultipleOf(Parse(divisor)));

    [Theory]
    [InlineData("1.0", true)]
    [InlineData("1.5", false)]
    [InlineData("15e-1", false)]
    [InlineData("1.5e1", true)]
    public void IsInteger_ByItsValue_NotByItsForm(string number, bool expected) => Assert.Equal(expected, Parse(number).IsInteger);

    [Fact]
    public void TryParse_TooManyDigits_IsFalse()
    {
        Assert.False(ExactNumber.TryParse(new string('1', 1_001), out _));
        Assert.True(ExactNumber.TryParse($"1{new string('0', 100_000)}", out _));
    }

    private static ExactNumber Parse(string text) =>
        ExactNumber.TryParse(text, out var number) ? number : throw new ArgumentException(text, nameof(text));
}
