using System.Text;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>What a model is told that answered something else than its schema asks for.</summary>
internal static class CorrectionMessage
{
    /// <param name="violations">What <see cref="IAnswerCheck.Check"/> found, at least one.</param>
    public static string For(IReadOnlyList<SchemaViolation> violations)
    {
        var message = new StringBuilder("Your answer does not fit the JSON schema:\n");
        foreach (var violation in violations) message.Append("- ").Append(violation).Append('\n');
        return message.Append("Answer again: the whole corrected JSON, and nothing else.").ToString();
    }
}
