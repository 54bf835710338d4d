using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Chat;

public sealed class ToolCallReaderTests
{
    private static readonly string Two = ToolCallForm.Write("f", """{"a":"}\"{","b":[{}]}""") + "\n" + ToolCallForm.Write("g-1", "{}");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1_000)]
    public void Read_CallsInPieces_AreTheSameCalls(int length)
    {
        var pieces = ReadAll(Two, length).Calls;

        Assert.Equal(["f", "g-1"], pieces.Where(piece => piece.Name is not null).Select(piece => piece.Name));
        Assert.Equal("""{"a":"}\"{","b":[{}]}""", ArgumentsOf(pieces, 0));
        Assert.Equal("{}", ArgumentsOf(pieces, 1));
        Assert.All(pieces.GroupBy(piece => piece.Index), call => Assert.NotNull(call.First().Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Hello")]
    [InlineData("<")]
    [InlineData("<tool")]
    [InlineData("<tool_caller> is a word")]
    [InlineData(" <tool_call>")]
    public void Read_Text_IsPassedOn(string text)
    {
        foreach (var length in (int[])[1, 3, 100])
        {
            var (said, calls) = ReadAll(text, length);

            Assert.Equal(text, said);
            Assert.Empty(calls);
        }
    }

    [Fact]
    public void Read_CallThatIsCut_HasItsBeginning()
    {
        for (var length = ToolCallForm.Mark.Length; length < Two.Length; length++)
        {
            var (said, calls) = ReadAll(Two[..length], 5);

            Assert.Equal("", said);
            Assert.StartsWith(ArgumentsOf(calls, 0), """{"a":"}\"{","b":[{}]}""", StringComparison.Ordinal);
        }
    }

    /// <summary>Where there must be a call, its beginning is no text.</summary>
    [Fact]
    public void Read_CallThatMustBeAndIsCut_IsNoText()
    {
        for (var length = 0; length < Two.Length; length++) Assert.Equal("", ReadAll(Two[..length], 5, mustCall: true).Text);
        Assert.Equal("{}", ArgumentsOf(ReadAll(Two, 5, mustCall: true).Calls, 1));
    }

    [Fact]
    public void Read_OtherForm_IsABug() =>
        Assert.Throws<FormatException>(() => ReadAll("<tool_call>{\"name\":\"f\"}", 100));

    private static string ArgumentsOf(IEnumerable<AnswerCallPiece> pieces, int call) =>
        string.Concat(pieces.Where(piece => piece.Index == call).Select(piece => piece.Arguments));

    private static (string Text, List<AnswerCallPiece> Calls) ReadAll(string text, int length, bool mustCall = false)
    {
        var sut = new ToolCallReader(mustCall);
        List<AnswerCallPiece> pieces = [];
        var said = "";
        for (var at = 0; at < text.Length; at += length)
        {
            var (more, calls) = sut.Read(text[at..Math.Min(text.Length, at + length)], isLast: false);
            said += more;
            pieces.AddRange(calls);
        }

        var (rest, last) = sut.Read("", isLast: true);
        pieces.AddRange(last);
        return (said + rest, pieces);
    }
}
