namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary>What an answer must fit. A model of our own workers can draw no token that does not fit.</summary>
/// <param name="Kind">How the text is read.</param>
/// <param name="Text">A JSON Schema, a regular expression, or rules, as the caller wrote them; not yet checked.</param>
public sealed record AnswerGrammar(AnswerGrammarKind Kind, string Text)
{
    /// <summary>Each JSON object: <c>response_format</c> <c>json_object</c>.</summary>
    public static readonly AnswerGrammar JsonObject = new(AnswerGrammarKind.JsonSchema, """{"type":"object"}""");
}

/// <summary>How the text of a grammar is read.</summary>
public enum AnswerGrammarKind
{
    JsonSchema,
    Regex,
    Rules,
}
