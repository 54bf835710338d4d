namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>
/// WordPiece: a word is split greedily into the longest known pieces. A word that cannot be split completely, or is too long, becomes the
/// unknown token. The model is immutable.
/// </summary>
internal sealed class WordPieceModel
{
    /// <summary>Highest <c>max_input_chars_per_word</c> that is accepted, which bounds the work for each word.</summary>
    public const int MostCharactersPerWord = 256;

    private readonly PieceTable _starts;
    private readonly PieceTable _continuations;
    private readonly int _unknownId;

    /// <param name="vocabulary">All pieces; those that continue a word have the prefix.</param>
    /// <param name="continuationPrefix"><c>continuing_subword_prefix</c>, e.g. <c>##</c>.</param>
    /// <param name="unknownId">Id of the unknown token.</param>
    /// <param name="maxCharactersPerWord">A word of more code points is unknown.</param>
    public WordPieceModel(Dictionary<string, int> vocabulary, string continuationPrefix, int unknownId, int maxCharactersPerWord)
    {
        _unknownId = unknownId;
        MaxCharactersPerWord = maxCharactersPerWord;

        var starts = new List<KeyValuePair<string, int>>(vocabulary.Count);
        var continuations = new List<KeyValuePair<string, int>>();
        foreach (KeyValuePair<string, int> piece in vocabulary)
        {
            if (piece.Key.Length > 0)
                starts.Add(piece);
            if (piece.Key.Length > continuationPrefix.Length && piece.Key.StartsWith(continuationPrefix, StringComparison.Ordinal))
                continuations.Add(KeyValuePair.Create(piece.Key[continuationPrefix.Length..], piece.Value));
        }

        _starts = new PieceTable(starts);
        _continuations = new PieceTable(continuations);
    }

    public int MaxCharactersPerWord { get; }

    public void AddUnknown(ref TokenIds ids) => ids.Add(_unknownId);

    /// <summary>Adds the pieces of a normalized word of at most <see cref="MaxCharactersPerWord"/> code points.</summary>
    public void AddWord(ReadOnlySpan<char> word, ref TokenIds ids)
    {
        int before = ids.Count;
        int length = _starts.LongestAtStart(word, out int id);
        while (length != 0)
        {
            ids.Add(id);
            word = word[length..];
            if (word.IsEmpty)
                return;
            length = _continuations.LongestAtStart(word, out id);
        }

        ids.Count = before;
        AddUnknown(ref ids);
    }
}
