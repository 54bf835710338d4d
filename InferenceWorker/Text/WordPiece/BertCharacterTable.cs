namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>
/// Combines normalizer and pre-tokenizer in one lookup for each UTF-16 code unit. The table (192 KiB) is computed once for a tokenizer's
/// fields, so that all but a few rare characters cost two reads.
/// </summary>
internal sealed class BertCharacterTable
{
    private const int CodeUnits = 0x10000;

    private readonly BertCharacterAction[] _actions = new BertCharacterAction[CodeUnits];
    private readonly char[] _normalized = new char[CodeUnits];

    public BertCharacterTable(BertNormalization rules)
    {
        Rules = rules;
        for (int unit = 0; unit < CodeUnits; unit++)
            (_actions[unit], _normalized[unit]) = char.IsSurrogate((char)unit) ? (BertCharacterAction.Examine, '\0') : Fold(unit);
    }

    public BertNormalization Rules { get; }

    public BertCharacterAction Action(char unit) => _actions[unit];

    /// <summary>
    /// The normalized form, if the action is <see cref="BertCharacterAction.Append"/> or <see cref="BertCharacterAction.Alone"/>.
    /// </summary>
    public char Normalized(char unit) => _normalized[unit];

    private (BertCharacterAction Action, char Normalized) Fold(int codePoint)
    {
        BertCharacters characters = BertCharacters.Instance;
        CharacterTraits traits = characters[codePoint];
        if (Rules.CleansText && (traits & CharacterTraits.Removed) != 0)
            return (BertCharacterAction.Drop, '\0');
        if ((traits & CharacterTraits.WhiteSpace) != 0)
            return (BertCharacterAction.Break, '\0');
        bool isAlone = Rules.IsolatesIdeographs && (traits & CharacterTraits.Ideograph) != 0;

        Span<int> to = stackalloc int[BertCharacters.LongestDecomposition];
        if (Rules.StripsAccents)
        {
            if ((traits & CharacterTraits.Mark) != 0)
                return ((traits & CharacterTraits.Barrier) != 0 ? BertCharacterAction.Examine : BertCharacterAction.Drop, '\0');
            if (characters.Decompose(codePoint, to) != 1 || (characters[to[0]] & CharacterTraits.Ordered) != 0)
                return (BertCharacterAction.Examine, '\0');
            codePoint = to[0];
        }

        if (Rules.Lowercases)
        {
            if (characters.Lowercase(codePoint, to) != 1)
                return (BertCharacterAction.Examine, '\0');
            codePoint = to[0];
        }

        if (codePoint >= CodeUnits)
            return (BertCharacterAction.Examine, '\0');
        isAlone |= (characters[codePoint] & CharacterTraits.Punctuation) != 0;
        return (isAlone ? BertCharacterAction.Alone : BertCharacterAction.Append, (char)codePoint);
    }
}

/// <summary>The effect of a UTF-16 code unit on the word that is being read.</summary>
internal enum BertCharacterAction : byte
{
    /// <summary>Continues the word, in its normalized form.</summary>
    Append,

    /// <summary>Ends the word.</summary>
    Break,

    /// <summary>Ends the word and is a word itself, in its normalized form.</summary>
    Alone,

    /// <summary>Is dropped.</summary>
    Drop,

    /// <summary>Needs further work: a surrogate, a character that normalizes to several, or one that may be reordered.</summary>
    Examine,
}
