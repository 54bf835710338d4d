namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>A check that a model's answer must pass before a caller gets it. Implementations are immutable and thread-safe.</summary>
internal interface IAnswerCheck
{
    /// <summary>The required form of the answer, as errors and corrections name it.</summary>
    string Form => "its JSON schema";

    /// <summary>Returns at most 20 violations; none when the answer fits. It throws no other exceptions, whatever the text is.</summary>
    /// <param name="text">The model's whole reply, unchanged.</param>
    /// <param name="budget">The budget of steps.</param>
    /// <exception cref="StepsSpentException">The check needs more steps than its budget has.</exception>
    /// <exception cref="OperationCanceledException">The client has disconnected, or the deadline has passed.</exception>
    IReadOnlyList<SchemaViolation> Check(string text, StepBudget budget);
}

/// <summary>One reason why an answer does not fit its schema, in words that a language model can act on.</summary>
/// <param name="Pointer">JSON Pointer of the place in the answer, such as <c>/tags/2</c>; empty for the answer as a whole.</param>
/// <param name="Message">What is required and what is there, such as <c>must be a string, is 12</c>.</param>
internal sealed record SchemaViolation(string Pointer, string Message)
{
    /// <summary>The violation as text, such as <c>/tags/2: must be a string, is 12</c>.</summary>
    public override string ToString() => Pointer.Length == 0 ? $"the answer {Message}" : $"{Pointer}: {Message}";
}
