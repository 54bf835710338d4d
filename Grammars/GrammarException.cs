namespace AiPlatform.Grammars;

/// <summary>
/// A schema or grammar cannot be guaranteed, is invalid, fits no text, or needs more work than allowed. The message says why, in sentences
/// for whoever wrote it.
/// </summary>
public sealed class GrammarException : Exception
{
    public GrammarException(string message, string? keyword = null, string? pointer = null) : base(message) =>
        (Keyword, Pointer) = (keyword, pointer);

    /// <summary>The keyword of the schema that is at fault; null when it is the whole.</summary>
    public string? Keyword { get; }

    /// <summary>A JSON pointer to the schema that has the keyword, as a fragment: <c>#/properties/a</c>; null when there is none.</summary>
    public string? Pointer { get; }

    /// <summary>Whether the compiling has used up its budget.</summary>
    public bool IsOverBudget { get; init; }
}
