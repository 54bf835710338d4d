using AiPlatform.InferenceWorker.Text;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.WordPiece;

/// <summary>Texts of 4 Mi code units made to be slow: quadratic work on any of them would take hours, not seconds.</summary>
public sealed class WordPieceHostileTextTests
{
    private const int CodeUnits = 4 << 20;
    private const int Bound = 120_000; // milliseconds, hundreds of times what one takes

    [Theory(Timeout = Bound)]
    [InlineData("a")]
    [InlineData("zqxjvkwbp")]
    [InlineData("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq ")]
    [InlineData("telecommunicationxtelecommunicationxtelecommunicationx ")]
    [InlineData("The quick brown fox. ")]
    [InlineData("[")]
    [InlineData("[SE")]
    [InlineData("[SEP]")]
    [InlineData("##")]
    [InlineData(" ")]
    [InlineData("語")]
    [InlineData("각")]
    [InlineData("e\u0301")]
    [InlineData("\u302e\u1bf2")] // each pair is put in order
    [InlineData("\u302e\u302e\u302e\u302e\u302e\u302e\u302e\u302e\u1bf2\u1bf2\u1bf2\u1bf2\u1bf2\u1bf2\u1bf2\u1bf2 ")]
    [InlineData("\U0001D15E")]
    [InlineData("\u034f\u0f71")]
    [InlineData("\ud83d\ude00")]
    [InlineData("\ud800")]
    [InlineData("\0")]
    public async Task Encode_FourMebiOfHostileText_Finishes(string pattern)
    {
        ITokenizer sut = TokenizerReference.MiniLm;
        string text = string.Concat(Enumerable.Repeat(pattern, CodeUnits / pattern.Length));

        int[] ids = await Task.Run(() => sut.Encode(text), TestContext.Current.CancellationToken);

        Assert.Equal(TokenizerReference.Cls, ids[0]);
        Assert.Equal(TokenizerReference.Sep, ids[^1]);
        Assert.DoesNotContain(ids, id => id < 0 || id >= sut.VocabularySize);
    }

    /// <summary>A text that is refused because it is too long costs no more than one that is not.</summary>
    [Theory]
    [InlineData("a ")]
    [InlineData(".")]
    [InlineData("zqxjvkwbp")]
    [InlineData("[SEP]")]
    [InlineData("語")]
    [InlineData("\U00020000")] // an ideograph of two code units
    public void Encode_FewAreWanted_TheRestIsNotEncoded(string pattern)
    {
        const int Wanted = 256;
        ITokenizer sut = TokenizerReference.MiniLm;
        string text = string.Concat(Enumerable.Repeat($"{pattern} ", CodeUnits / pattern.Length));
        sut.Encode("warm", stopAbove: Wanted);

        long before = GC.GetAllocatedBytesForCurrentThread();
        int[] ids = sut.Encode(text, stopAbove: Wanted);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(ids.Length, Wanted + 1, Wanted + 20);
        Assert.InRange(allocated, 0, 64 * 1024);
    }

    [Fact]
    public void EncodePair_FewAreWanted_TheRestOfBothIsNotEncoded()
    {
        const int Wanted = 256;
        ITokenizer sut = TokenizerReference.MiniLm;
        string text = string.Concat(Enumerable.Repeat("a ", CodeUnits / 2));
        sut.EncodePair("warm", "up", int.MaxValue, Wanted);

        long before = GC.GetAllocatedBytesForCurrentThread();
        (int[] ids, _) = sut.EncodePair(text, text, int.MaxValue, Wanted);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(ids.Length, Wanted + 1, 2 * (Wanted + 20));
        Assert.InRange(allocated, 0, 64 * 1024);
    }
}
