namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>What an answer of a model must satisfy before anybody gets it. Implementations never change and serve all threads.</summary>
internal interface IAnswerCheck
{
    /// <summary>What the answer must be, as an error and the model's correction name it.</summary>
    string Form => "its JSON schema";

    /// <summary>
    /// What is wrong with the answer, at most 20 things; empty when it fits. Whatever the text, no other exception comes.
    /// </summary>
    /// <param name="text">The model's reply as it came, whole.</param>
    /// <param name="budget">Pays for the check.</param>
    /// <exception cref="StepsSpentException">The check needs more steps than it may have.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for it any more.</exception>
    IReadOnlyList<SchemaViolation> Check(string text, StepBudget budget);
}

/// <summary>One thing that keeps an answer from fitting its schema, in words that a language model can act on.</summary>
/// <param name="Pointer">JSON Pointer of the place in the answer, such as <c>/tags/2</c>; empty for the answer as a whole.</param>
/// <param name="Message">What must be there and what is, such as <c>must be a string, is 12</c>.</param>
internal sealed record SchemaViolation(string Pointer, string Message)
{
    /// <summary>Such as <c>/tags/2: must be a string, is 12</c>.</summary>
    public override string ToString() => Pointer.Length == 0 ? $"the answer {Message}" : $"{Pointer}: {Message}";
}
