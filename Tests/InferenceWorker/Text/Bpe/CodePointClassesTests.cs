using System.Globalization;
using System.Text;
using AiPlatform.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Bpe;

public sealed class CodePointClassesTests
{
    [Fact]
    public void Of_EveryCodePointBeyondTheFirstPlane_HasItsCategory()
    {
        for (int point = 0x10000; point <= 0x10FFFF; point++)
        {
            ReadOnlySpan<char> classes = CodePointClasses.Of(char.ConvertFromUtf32(point));

            Assert.Equal(1, classes.Length);
            Assert.Equal(Rune.GetUnicodeCategory(new Rune(point)), CharUnicodeInfo.GetUnicodeCategory(classes[0]));
        }
    }

    [Fact]
    public void Of_TextOfTheFirstPlane_IsTheText() => Assert.Equal("aé語1", CodePointClasses.Of("aé語1").ToString());

    [Theory]
    [InlineData("\U0001D7CF\U0001D7D0", "\U0001D7CF|\U0001D7D0")] // digits, one by one
    [InlineData("a\U0001D4B3b", "a\U0001D4B3b")] // a letter within a word
    [InlineData("a\U0001F600b", "a|\U0001F600|b")]
    public void Gpt2_CharactersBeyondTheFirstPlane_CutsAsWhatTheyAre(string text, string expected)
    {
        string classes = CodePointClasses.Of(text).ToString();
        List<string> pieces = [];
        int unit = 0;
        foreach (string piece in Cut(classes))
        {
            int length = CodePointClasses.UnitsOf(text.AsSpan(unit), piece.Length);
            pieces.Add(text.Substring(unit, length));
            unit += length;
        }

        Assert.Equal(expected, string.Join('|', pieces));
    }

    private static IEnumerable<string> Cut(string classes) => WordPatterns.Gpt2.Matches(classes).SelectMany(match =>
        WordPatterns.Digit.IsMatch(match.Value) ? match.Value.Select(unit => unit.ToString()) : [match.Value]);
}
