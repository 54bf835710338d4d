namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>What an answer of a model must satisfy before anybody gets it. Implementations never change and serve all threads.</summary>
internal interface IAnswerCheck
{
    /// <summary>What the answer must be, as an error and the model's correction name it.</summary>
    string Form => "its JSON schema";

    /// <summary>What is wrong with the answer, at most 20 things; empty when it fits. Never throws, whatever the text.</summary>
    /// <param name="text">The model's reply as it came, whole.</param>
    IReadOnlyList<SchemaViolation> Check(string text);
}
