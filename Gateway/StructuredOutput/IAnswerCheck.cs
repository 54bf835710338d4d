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
