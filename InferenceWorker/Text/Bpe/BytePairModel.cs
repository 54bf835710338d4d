using Microsoft.ML.Tokenizers;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>
/// Byte-level BPE of one word by Microsoft.ML.Tokenizers. Its time grows with the square of a word's length (163 s for 1 MiB of one
/// letter), so a longer word is encoded in pieces. The ids then differ from those of the whole word, but they stand for the same text.
/// </summary>
internal sealed class BytePairModel
{
    /// <summary>Most UTF-16 code units of a word that is encoded as a whole.</summary>
    public const int LongestWord = 2048;

    private readonly BpeTokenizer _tokenizer;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _wholeWords;

    /// <param name="vocabulary">Token to id, in <see cref="ByteAlphabet"/>'s characters.</param>
    /// <param name="merges">Pairs of tokens with a blank between, in order of rank.</param>
    /// <param name="wholeWords">Tokens that are used for an equal word regardless of the merges (<c>ignore_merges</c>); or null.</param>
    public BytePairModel(Dictionary<string, int> vocabulary, IEnumerable<string> merges, Dictionary<string, int>? wholeWords)
    {
        _tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, ByteLevel = true, PreTokenizer = null });
        _wholeWords = wholeWords?.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Adds the ids of a well-formed word of any length, until there are enough.</summary>
    public void AddWord(ReadOnlySpan<char> word, ref TokenIds ids)
    {
        while (word.Length > LongestWord && !ids.IsFull)
        {
            int length = char.IsHighSurrogate(word[LongestWord - 1]) ? LongestWord - 1 : LongestWord;
            AddPiece(word[..length], ref ids);
            word = word[length..];
        }

        if (!ids.IsFull)
            AddPiece(word, ref ids);
    }

    private void AddPiece(ReadOnlySpan<char> piece, ref TokenIds ids)
    {
        Span<char> characters = stackalloc char[PieceTable.LongestPiece];
        if (_wholeWords is { } wholeWords
            && ByteAlphabet.TryWrite(piece, characters, out int length)
            && wholeWords.TryGetValue(characters[..length], out int id))
        {
            ids.Add(id);
            return;
        }

        IReadOnlyList<int> found = _tokenizer.EncodeToIds(piece, considerPreTokenization: false, considerNormalization: false);
        for (int i = 0; i < found.Count; i++)
            ids.Add(found[i]);
    }
}
