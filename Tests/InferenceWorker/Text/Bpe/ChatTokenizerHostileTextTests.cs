using AiPlatform.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Bpe;

/// <summary>Texts of 1 Mi code units made to be slow: quadratic work on any of them would take many minutes.</summary>
public sealed class ChatTokenizerHostileTextTests
{
    private const int CodeUnits = 1 << 20;
    private const int Bound = 120_000; // milliseconds, tens of times what one takes

    [Theory(Timeout = Bound)]
    [InlineData("a")]
    [InlineData("zqxjvkwbp")]
    [InlineData("The quick brown fox. ")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData(" \n")]
    [InlineData("'")]
    [InlineData("1")]
    [InlineData("<|im_end|>")]
    [InlineData("<|im_")]
    [InlineData("語")]
    [InlineData("\ud83d\ude00")]
    [InlineData("\ud835\udcb3")]
    [InlineData("e\u0301")]
    [InlineData("\ud800")]
    public async Task Encode_OneMebiOfHostileText_Finishes(string pattern)
    {
        ChatTokenizer sut = ChatReference.Tokenizer;
        string text = string.Concat(Enumerable.Repeat(pattern, CodeUnits / pattern.Length));

        int[] ids = await Task.Run(() => sut.Encode(text), TestContext.Current.CancellationToken);

        Assert.DoesNotContain(ids, id => id < 0 || id >= sut.VocabularySize || sut.IsSpecial(id));
        Assert.Equal(pattern == "\ud800" ? text.Replace('\ud800', '\uFFFD') : text, sut.Decode(ids));
    }

    /// <summary>Of a prompt that is refused because it is too long few words are encoded; its characters are looked at once.</summary>
    [Theory]
    [InlineData("The quick brown fox. ")]
    [InlineData("a")]
    [InlineData("<|im_end|>")]
    [InlineData("語")]
    public void Encode_FewAreWanted_TheRestIsNotEncoded(string pattern)
    {
        const int Wanted = 256;
        ChatTokenizer sut = ChatReference.Tokenizer;
        string text = string.Concat(Enumerable.Repeat(pattern, CodeUnits / pattern.Length));
        sut.EncodeWithControl("warm", Wanted);

        long before = GC.GetAllocatedBytesForCurrentThread();
        int[] ids = sut.EncodeWithControl(text, Wanted);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(ids.Length, Wanted + 1, Wanted + (3 * BytePairModel.LongestWord));
        Assert.Equal(sut.EncodeWithControl(text)[..ids.Length], ids);
        Assert.InRange(allocated, 0, 4 * CodeUnits);
    }

    [Theory(Timeout = Bound)]
    [InlineData("\u0301")]
    [InlineData("\u0327\u0301")]
    [InlineData("a\u0301\u0323")]
    [InlineData("\u1100\u1161\u11a8")]
    [InlineData("각")]
    [InlineData("\U0001D15E")]
    public async Task Normalize_OneMebiOfHostileText_Finishes(string pattern)
    {
        string text = string.Concat(Enumerable.Repeat(pattern, CodeUnits / pattern.Length));

        string once = await Task.Run(() => Nfc.Instance.Normalize(text).ToString(), TestContext.Current.CancellationToken);

        Assert.Equal(once, Nfc.Instance.Normalize(once).ToString());
    }

    [Fact]
    public void AddWord_LongerThanTheLongest_IsEncodedInPieces()
    {
        ChatTokenizer sut = ChatReference.Tokenizer;
        string most = new('a', BytePairModel.LongestWord);

        int[] whole = sut.Encode(most);
        int[] longer = sut.Encode(most + "b" + most);

        Assert.Equal([.. whole, .. sut.Encode("b" + most[1..]), .. sut.Encode("a")], longer);
    }

    [Fact]
    public void AddWord_SurrogatesAtTheCut_StayTogether()
    {
        ChatTokenizer sut = ChatReference.Tokenizer;
        string text = new string('a', BytePairModel.LongestWord - 1) + "\ud835\udcb3";

        Assert.Equal(text, sut.Decode(sut.Encode(text)));
    }
}
