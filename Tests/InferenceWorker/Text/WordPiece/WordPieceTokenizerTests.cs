using AiPlatform.InferenceWorker.Text;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.WordPiece;

public sealed class WordPieceTokenizerTests
{
    private const int MaxCharactersPerWord = 100;

    [Fact]
    public void Load_ShippedModel_AnswersItsNumbers()
    {
        ITokenizer sut = CreateSut();

        Assert.Equal(30522, sut.VocabularySize);
        Assert.Equal(2, sut.SpecialTokensPerText);
        Assert.Equal(0, sut.PadId);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t\r\n\u3000")]
    [InlineData("\0\ufffd\u200d\ue000")]
    [InlineData("\u0301\u0323")]
    public void Encode_NothingLeftOfTheText_AnswersTheSpecialTokensOnly(string text) =>
        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Sep], CreateSut().Encode(text));

    [Theory]
    [InlineData("hel(HIGH)lo")]
    [InlineData("hel(LOW)lo")]
    [InlineData("hel(LOW)(HIGH)lo")]
    [InlineData("hello(HIGH)")]
    public void Encode_LoneSurrogate_CountsAsReplacementCharacter(string form)
    {
        // A test's name cannot hold half of a pair.
        string text = form.Replace("(HIGH)", "\ud83d", StringComparison.Ordinal).Replace("(LOW)", "\ude00", StringComparison.Ordinal);
        ITokenizer sut = CreateSut();

        int[] ids = sut.Encode(text);

        Assert.Equal(sut.Encode("hel\ufffdlo"), ids);
        Assert.Equal(sut.Encode("hello"), ids);
    }

    [Theory]
    [InlineData("a", 1)]
    [InlineData("é", 1)]
    [InlineData("\U0001D400", 1)] // two code units, one character
    [InlineData("각", 3)]
    public void Encode_WordAroundTheLimit_CountsNormalizedCharacters(string character, int normalizedCharacters)
    {
        ITokenizer sut = CreateSut();
        int fits = MaxCharactersPerWord / normalizedCharacters;

        int[] longest = sut.Encode(string.Concat(Enumerable.Repeat(character, fits)));
        int[] tooLong = sut.Encode(string.Concat(Enumerable.Repeat(character, fits + 1)));

        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Unknown, TokenizerReference.Sep], tooLong);
        if (character != "\U0001D400") // not in the vocabulary, so unknown at any length
            Assert.True(longest.Length > 3);
    }

    [Fact]
    public void Encode_WordAfterOneThatIsTooLong_IsNotAffected()
    {
        ITokenizer sut = CreateSut();

        int[] ids = sut.Encode($"{new string('a', 1000)} hello");

        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Unknown, .. sut.Encode("hello").AsSpan(1)], ids);
    }

    [Fact]
    public void Encode_WordAtTheLimitAfterSurrogatePairs_IsCountedAnew()
    {
        ITokenizer sut = CreateSut();

        int[] ids = sut.Encode($"\U0001D400\U0001D400 {new string('a', MaxCharactersPerWord + 1)}");

        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Unknown, TokenizerReference.Unknown, TokenizerReference.Sep], ids);
    }

    [Fact]
    public void AddSpecialTokens_PlainIds_SetsThemAround()
    {
        ITokenizer sut = CreateSut();

        Assert.Equal([TokenizerReference.Cls, 7, 8, 9, TokenizerReference.Sep], sut.AddSpecialTokens([7, 8, 9]));
        Assert.Equal([TokenizerReference.Cls, 7, 8, TokenizerReference.Sep], sut.AddSpecialTokens([7, 8, 9], maxTokens: 4));
        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Sep], sut.AddSpecialTokens([7, 8, 9], maxTokens: 2));
        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Sep], sut.AddSpecialTokens([]));
    }

    [Fact]
    public void Truncate_TooManyTokens_CutsTheTextAndKeepsTheSpecialTokens()
    {
        ITokenizer sut = CreateSut();
        int[] ids = sut.Encode("one two three four");

        int[] cut = sut.Truncate(ids, 4);

        Assert.Equal([TokenizerReference.Cls, ids[1], ids[2], TokenizerReference.Sep], cut);
        Assert.Equal(6, ids.Length);
        Assert.Same(ids, sut.Truncate(ids, 6));
        Assert.Equal([TokenizerReference.Cls, TokenizerReference.Sep], sut.Truncate(ids, 2));
    }

    [Fact]
    public void Truncate_NoRoomForTheSpecialTokens_IsRefused()
    {
        ITokenizer sut = CreateSut();

        Assert.Throws<ArgumentOutOfRangeException>(() => sut.Truncate(sut.Encode("one"), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => sut.AddSpecialTokens([7], 1));
    }

    [Fact]
    public void Truncate_IdsWithoutSpecialTokens_AreRefused()
    {
        ITokenizer sut = CreateSut();

        Assert.Throws<ArgumentException>(() => sut.Truncate([7, 8, 9], 8));
        Assert.Throws<ArgumentException>(() => sut.Truncate([TokenizerReference.Cls], 8));
    }

    [Fact]
    public async Task Encode_FromManyThreads_AnswersTheSameIds()
    {
        ITokenizer sut = CreateSut();
        string[] texts = [.. TokenizerReference.Lines("all-minilm-l6-v2.jsonl").Select(TokenizerReference.Text)];
        int[][] expected = [.. texts.Select(text => sut.Encode(text))];

        int[][][] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => texts.Select(text => sut.Encode(text)).ToArray(), TestContext.Current.CancellationToken)));

        Assert.All(answers, answer => Assert.Equal(expected, answer));
    }

    private static ITokenizer CreateSut() => TokenizerReference.MiniLm;
}
