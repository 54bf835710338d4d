namespace AiPlatform.InferenceWorker.Text;

/// <summary>What a UTF-16 code unit does to the word being read.</summary>
internal enum BertCharacterAction : byte
{
    /// <summary>Goes on with the word, in its normalized form.</summary>
    Append,

    /// <summary>Ends the word.</summary>
    Break,

    /// <summary>Ends the word and is one itself, in its normalized form.</summary>
    Alone,

    /// <summary>Is left out.</summary>
    Drop,

    /// <summary>Needs a closer look: a surrogate, several characters once normalized, or one that takes part in reordering.</summary>
    Examine,
}
