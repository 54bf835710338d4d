using System.Text;

namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>
/// Normalizes a text, splits it into words and passes each to the model, in one pass that holds one word at a time. Memory does not grow
/// with the text, and a word beyond the model's limit is not kept.
/// </summary>
internal ref struct BertWordReader(BertCharacterTable table, WordPieceModel model, Span<char> word)
{
    private readonly BertCharacters _characters = BertCharacters.Instance;
    private readonly BertCharacterTable _table = table;
    private readonly WordPieceModel _model = model;
    private readonly Span<char> _word = word;
    private int _length;
    private int _pairs;
    private int _barrier;
    private bool _isTooLong;

    /// <summary>Code units of the word buffer for the constructor, which must hold any word that the model does not refuse.</summary>
    public static int WordCapacity(WordPieceModel model) => 2 * model.MaxCharactersPerWord;

    /// <summary>Adds the ids of a text, whose end also ends the last word, until there are enough.</summary>
    public void Read(ReadOnlySpan<char> text, ref TokenIds ids)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char unit = text[i];
            switch (_table.Action(unit))
            {
                case BertCharacterAction.Append:
                    Append(_table.Normalized(unit));
                    continue;
                case BertCharacterAction.Break:
                    EndWord(ref ids);
                    break;
                case BertCharacterAction.Alone:
                    EndWord(ref ids);
                    Append(_table.Normalized(unit));
                    EndWord(ref ids);
                    break;
                case BertCharacterAction.Examine:
                    Rune.DecodeFromUtf16(text[i..], out Rune rune, out int consumed);
                    i += consumed - 1;
                    Examine(rune.Value, ref ids);
                    break;
            }

            if (ids.IsFull)
                return;
        }

        EndWord(ref ids);
    }

    // The steps of the normalizer and the pre-tokenizer in their order, for one code point. White space never comes here: each is
    // one code unit, and the table ends the word.
    private void Examine(int codePoint, ref TokenIds ids)
    {
        CharacterTraits traits = _characters[codePoint];
        BertNormalization rules = _table.Rules;
        if (rules.CleansText && (traits & CharacterTraits.Removed) != 0)
            return;

        bool isAlone = rules.IsolatesIdeographs && (traits & CharacterTraits.Ideograph) != 0;
        if (isAlone)
            EndWord(ref ids);

        Span<int> decomposed = stackalloc int[BertCharacters.LongestDecomposition];
        decomposed[0] = codePoint;
        int count = rules.StripsAccents ? _characters.Decompose(codePoint, decomposed) : 1;
        foreach (int part in decomposed[..count])
            AppendDecomposed(part, ref ids);

        if (isAlone)
            EndWord(ref ids);
    }

    private void AppendDecomposed(int codePoint, ref TokenIds ids)
    {
        CharacterTraits traits = _characters[codePoint];
        BertNormalization rules = _table.Rules;
        if (rules.StripsAccents && (traits & CharacterTraits.Mark) != 0)
        {
            if ((traits & CharacterTraits.Barrier) != 0)
                _barrier = _length;
            return;
        }

        if (rules.StripsAccents && (traits & CharacterTraits.Ordered) != 0)
        {
            InsertInOrder(codePoint);
            return;
        }

        Span<int> lowercase = stackalloc int[BertCharacters.LongestDecomposition];
        lowercase[0] = codePoint;
        int count = rules.Lowercases ? _characters.Lowercase(codePoint, lowercase) : 1;
        bool isAlone = (traits & CharacterTraits.Punctuation) != 0;
        if (isAlone)
            EndWord(ref ids);
        foreach (int part in lowercase[..count])
            AppendRune(part);
        if (isAlone)
            EndWord(ref ids);
    }

    private void Append(char unit)
    {
        if (_length < _word.Length)
            _word[_length++] = unit;
        else
            _isTooLong = true;
    }

    private void AppendRune(int codePoint)
    {
        var rune = new Rune(codePoint);
        if (!rune.TryEncodeToUtf16(_word[_length..], out int written))
        {
            _isTooLong = true;
            return;
        }

        _length += written;
        _pairs += written - 1;
    }

    // In canonical order a combining character is moved before preceding characters of a higher rank, up to the last barrier.
    private void InsertInOrder(int codePoint)
    {
        int end = _length;
        AppendRune(codePoint);
        if (_isTooLong)
            return;

        int rank = _characters.Rank(codePoint);
        int at = end;
        while (at > _barrier)
        {
            Rune.DecodeLastFromUtf16(_word[_barrier..at], out Rune previous, out int consumed);
            if (_characters.Rank(previous.Value) <= rank)
                break;
            at -= consumed;
        }

        Span<char> appended = stackalloc char[_length - end];
        _word[end.._length].CopyTo(appended);
        _word[at..end].CopyTo(_word[(at + appended.Length)..]);
        appended.CopyTo(_word[at..]);
    }

    private void EndWord(ref TokenIds ids)
    {
        if (_length == 0)
            return;
        if (_isTooLong || _length - _pairs > _model.MaxCharactersPerWord)
            _model.AddUnknown(ref ids);
        else
            _model.AddWord(_word[.._length], ref ids);
        _length = _pairs = _barrier = 0;
        _isTooLong = false;
    }
}
