using System.Text;
using AiPlatform.Jobs.Payloads;
using Xunit;

namespace AiPlatform.Tests.Jobs.Payloads;

public sealed class JsonUnicodeTests
{
    [Theory]
    [InlineData("""{"a":"plain"}""", -1)]
    [InlineData("""{"a":"\ud83d\ude00"}""", -1)]
    [InlineData("""{"a":"\uD83D\uDE00\n\\ud83d"}""", -1)]
    [InlineData("""{"a":"\ud7ff\ue000"}""", -1)]
    [InlineData("""{"a":"\ud83d"}""", 6)]
    [InlineData("""{"a":"\ude00\ud83d"}""", 6)]
    [InlineData("""{"a":"\ud83dx\ude00"}""", 6)]
    [InlineData("""{"a":"\ud83d\ud83d\ude00"}""", 6)]
    [InlineData("""{"a":"\\\ud83d"}""", 8)]
    [InlineData("""{"\uDE00":1}""", 2)]
    [InlineData("""["\ud83d\ude00","\ud83d"]""", 17)]
    public void HalfPairAt_AnyJson_IsTheFirstHalf(string json, int at) =>
        Assert.Equal(at, JsonUnicode.HalfPairAt(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void IsValid_BytesThatAreNoText_IsFalse() => Assert.False(JsonUnicode.IsValid([(byte)'"', 0xff, (byte)'"']));

    [Theory]
    [InlineData("", 0)]
    [InlineData("ab", 2)]
    [InlineData("a\U0001F600", 2)]
    [InlineData("e\u0301", 2)]
    public void LengthOf_Text_IsItsCodePoints(string text, int length) => Assert.Equal(length, JsonUnicode.LengthOf(text));
}
