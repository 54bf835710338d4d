namespace AiPlatform.InferenceWorker.Text;

/// <summary>What the BERT normalizer and pre-tokenizer do to a character.</summary>
[Flags]
internal enum CharacterTraits : ushort
{
    None = 0,

    /// <summary>Dropped by <c>clean_text</c>: control, format and private-use characters, U+0000 and U+FFFD.</summary>
    Removed = 1,

    /// <summary>Ends a word.</summary>
    WhiteSpace = 1 << 1,

    /// <summary>A word of its own.</summary>
    Punctuation = 1 << 2,

    /// <summary>A word of its own under <c>handle_chinese_chars</c>.</summary>
    Ideograph = 1 << 3,

    /// <summary>Dropped by <c>strip_accents</c>.</summary>
    Mark = 1 << 4,

    /// <summary>A mark over which no other character moves in canonical order.</summary>
    Barrier = 1 << 5,

    /// <summary>A combining character that <c>strip_accents</c> keeps and puts in canonical order.</summary>
    Ordered = 1 << 6,

    /// <summary>Has another lowercase.</summary>
    Lowercases = 1 << 7,

    /// <summary>Has a canonical decomposition that is not computed.</summary>
    Decomposes = 1 << 8,
}
