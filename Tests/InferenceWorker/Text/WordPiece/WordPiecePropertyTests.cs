using System.Text;
using AiPlatform.InferenceWorker.Text;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.WordPiece;

public sealed class WordPiecePropertyTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(2000).WithEndSize(200);

    // Any code units at all, lone surrogates included, with special tokens and ordinary words among them.
    private static readonly Arbitrary<string> Texts = Gen.OneOf(
        Gen.Choose(0, 0xFFFF).Select(unit => ((char)unit).ToString()),
        Gen.Choose(0x10000, 0x10FFFF).Select(char.ConvertFromUtf32),
        Gen.Choose(0x20, 0x7E).Select(unit => ((char)unit).ToString()),
        Gen.Elements("[SEP]", "[CLS]", "[MASK", " ", "hello", "\u302e", "\u1bf2", "\u0301", "각"))
        .ListOf().Select(string.Concat).ToArbitrary();

    private static readonly Arbitrary<int> Limits = Gen.Choose(2, 64).ToArbitrary();

    [Fact]
    public void Encode_AnyText_AnswersIdsOfTheVocabularyBetweenTheSpecialTokens() => Prop.ForAll(Texts, text =>
    {
        ITokenizer sut = CreateSut();
        return new[] { sut.Encode(text), sut.Encode(text, parseSpecialTokens: false) }.All(ids =>
            ids[0] == TokenizerReference.Cls && ids[^1] == TokenizerReference.Sep && ids.All(id => id >= 0 && id < sut.VocabularySize));
    }).Check(Many);

    [Fact]
    public void Encode_UntilThereAreEnough_AnswersTheFirstOfAll() => Prop.ForAll(Texts, Limits, (text, wanted) =>
    {
        ITokenizer sut = CreateSut();
        int[] all = sut.Encode(text);
        int[] first = sut.Encode(text, stopAbove: wanted);
        return all.Length - 1 <= wanted
            ? first.SequenceEqual(all)
            : first.Length > wanted && first.SkipLast(1).SequenceEqual(all.Take(first.Length - 1))
                && sut.Truncate(first, wanted).SequenceEqual(sut.Truncate(all, wanted));
    }).Check(Many);

    [Fact]
    public void Encode_AnyText_AsPlainTextHasNoSpecialTokenWithin() => Prop.ForAll(Texts, text =>
    {
        int[] ids = CreateSut().Encode(text, parseSpecialTokens: false);
        return !ids[1..^1].Any(id => id is TokenizerReference.Cls or TokenizerReference.Sep);
    }).Check(Many);

    [Fact]
    public void Encode_TwoTextsWithABlankBetween_AnswersBothTextsIds() => Prop.ForAll(Texts, Texts, (first, second) =>
    {
        ITokenizer sut = CreateSut();
        int[] expected = [.. sut.Encode(first)[..^1], .. sut.Encode(second).AsSpan(1)];
        return sut.Encode($"{first} {second}").SequenceEqual(expected);
    }).Check(Many);

    [Fact]
    public void Encode_AnyText_TreatsLoneSurrogatesAsReplacementCharacters() => Prop.ForAll(Texts, text =>
    {
        string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return CreateSut().Encode(text).SequenceEqual(CreateSut().Encode(wellFormed));
    }).Check(Many);

    [Fact]
    public void Truncate_AnyText_KeepsTheBeginningWithinTheLimit() => Prop.ForAll(Texts, Limits, (text, maxTokens) =>
    {
        ITokenizer sut = CreateSut();
        int[] ids = sut.Encode(text);
        int[] cut = sut.Truncate(ids, maxTokens);
        return cut.Length == Math.Min(ids.Length, maxTokens)
            && cut[^1] == TokenizerReference.Sep
            && cut.AsSpan(..^1).SequenceEqual(ids.AsSpan(0, cut.Length - 1))
            && sut.AddSpecialTokens(ids.AsSpan(1..^1), maxTokens).SequenceEqual(cut);
    }).Check(Many);

    private static ITokenizer CreateSut() => TokenizerReference.MiniLm;
}
