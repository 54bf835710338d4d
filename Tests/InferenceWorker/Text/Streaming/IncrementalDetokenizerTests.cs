using System.Text;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.InferenceWorker.Text.Streaming;
using AiPlatform.Tests.InferenceWorker.Text.Bpe;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Streaming;

public sealed class IncrementalDetokenizerTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(5000).WithEndSize(60);

    // Single bytes are more frequent than whole words, so that every broken sequence occurs.
    private static readonly Arbitrary<int[]> Ids = Gen.OneOf(
        Gen.Choose(0, 49151),
        Gen.Elements(Enumerable.Range(0, 49152).Where(id => ChatReference.Tokenizer.TokenBytes(id) is [>= 0x80]).ToArray()),
        Gen.Elements(0, 1, 2, 49152, 60_000)).ListOf().Select(ids => ids.ToArray()).ToArbitrary();

    [Fact]
    public void Append_AnyIds_PiecesEqualTheDecodeOfAll() => Prop.ForAll(Ids, Gen.Elements(true, false).ToArbitrary(), (ids, skips) =>
    {
        var sut = new IncrementalDetokenizer(ChatReference.Tokenizer, skips);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            string piece = sut.Append(id).ToString();
            if (piece != Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece)))
                return false; // half a surrogate pair
            text.Append(piece);
        }

        return text.Append(sut.Flush()).ToString() == ChatReference.Tokenizer.Decode(ids, skips);
    }).Check(Many);

    [Fact]
    public void Append_CharacterOfSeveralTokens_ComesWholeWithTheLast()
    {
        ChatTokenizer tokenizer = ChatReference.Tokenizer;
        var sut = new IncrementalDetokenizer(tokenizer);
        int[] ids = tokenizer.Encode("\u4f60"); // a character of several tokens

        string[] pieces = [.. ids.Select(id => sut.Append(id).ToString())];

        Assert.True(ids.Length > 1);
        Assert.All(pieces[..^1], piece => Assert.Equal("", piece));
        Assert.Equal("\u4f60", pieces[^1]);
        Assert.True(sut.Flush().IsEmpty);
    }

    [Fact]
    public void Append_ManyTokens_AllocatesNothing()
    {
        ChatTokenizer tokenizer = ChatReference.Tokenizer;
        var sut = new IncrementalDetokenizer(tokenizer);
        int[] ids = tokenizer.Encode("A stream of words, 😀 and others.");
        foreach (int id in ids)
            sut.Append(id);

        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (int id in ids)
            sut.Append(id);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
