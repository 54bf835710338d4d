namespace AiPlatform.InferenceWorker.Text;

/// <summary>Reads a tokenizer file's vocabulary and added tokens.</summary>
internal static class VocabularyReader
{
    private const int MostTokens = 1 << 22;

    /// <summary>
    /// Reads the map from token to id. The ids must be 0 to count - 1, each once, because they are the rows of the model's embedding table.
    /// </summary>
    public static Dictionary<string, int> ReadVocabulary(TokenizerField field)
    {
        Dictionary<string, int> vocabulary = field.Numbers(MostTokens);
        if (vocabulary.Count == 0)
            throw field.Refuse("is empty");

        var isTaken = new bool[vocabulary.Count];
        foreach ((string token, int id) in vocabulary)
        {
            if (token.Length > PieceTable.LongestPiece)
                throw field.Refuse($"has a token of {token.Length} characters (id {id}); the most is {PieceTable.LongestPiece}");
            if (id >= isTaken.Length || isTaken[id])
                throw field.Refuse($"gives '{token}' the id {id}; expected 0 to {isTaken.Length - 1}, each once");
            isTaken[id] = true;
        }

        return vocabulary;
    }

    /// <summary>
    /// Reads the added tokens. A token that is in the vocabulary must have the same id there. The others must follow the vocabulary in
    /// order, and are added to <paramref name="vocabulary"/>.
    /// </summary>
    /// <param name="field">The list.</param>
    /// <param name="vocabulary">Token to id.</param>
    /// <param name="allowsNormalized">Whether tokens may be searched for in the normalized text, which holds if there is no
    /// normalizer.</param>
    public static List<AddedToken> ReadAddedTokens(
        TokenizerField field, Dictionary<string, int> vocabulary, bool allowsNormalized = false)
    {
        var tokens = new List<AddedToken>();
        var contents = new HashSet<string>();
        foreach (TokenizerField item in field.Items())
        {
            AddedToken token = ReadAddedToken(item, allowsNormalized);
            if (!contents.Add(token.Content))
                throw item.Required("content").Refuse($"is {item.Required("content").Shown}, which occurs twice");

            int expected = vocabulary.GetValueOrDefault(token.Content, vocabulary.Count);
            if (token.Id != expected)
                throw item.Required("id").Refuse($"is {token.Id}; the vocabulary makes it {expected}");
            vocabulary[token.Content] = expected;
            tokens.Add(token);
        }

        return tokens;
    }

    private static AddedToken ReadAddedToken(TokenizerField item, bool allowsNormalized)
    {
        item.AllowOnly("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
        item.Required("single_word").MustBe(false);
        if (item.Required("normalized").Flag() && !allowsNormalized)
            item.Required("normalized").MustBe(false);

        TokenizerField content = item.Required("content");
        string text = content.Text();
        if (text.Length is 0 or > PieceTable.LongestPiece)
            throw content.Refuse($"has {text.Length} characters; expected 1 to {PieceTable.LongestPiece}");

        return new AddedToken(
            item.Required("id").Number(0, MostTokens),
            text,
            IsSpecial: item.Required("special").Flag(),
            TakesSpaceBefore: item.Required("lstrip").Flag(),
            TakesSpaceAfter: item.Required("rstrip").Flag());
    }
}
