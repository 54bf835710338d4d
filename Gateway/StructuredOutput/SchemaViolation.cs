namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>One thing that keeps an answer from fitting its schema, in words that a language model can act on.</summary>
/// <param name="Pointer">JSON Pointer of the place in the answer, such as <c>/tags/2</c>; empty for the answer as a whole.</param>
/// <param name="Message">What must be there and what is, such as <c>must be a string, is 12</c>.</param>
internal sealed record SchemaViolation(string Pointer, string Message)
{
    /// <summary>Such as <c>/tags/2: must be a string, is 12</c>.</summary>
    public override string ToString() => Pointer.Length == 0 ? $"the answer {Message}" : $"{Pointer}: {Message}";
}
