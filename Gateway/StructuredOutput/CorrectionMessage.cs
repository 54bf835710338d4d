using System.Text;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>What a model is told that answered something else than its schema asks for.</summary>
internal static class CorrectionMessage
{
    /// <param name="violations">What <see cref="IAnswerCheck.Check"/> found, at least one.</param>
    /// <param name="form">See <see cref="IAnswerCheck.Form"/>.</param>
    public static string For(IReadOnlyList<SchemaViolation> violations, string form)
    {
        var message = new StringBuilder($"Your answer does not fit {form}:\n");
        foreach (var violation in violations) message.Append("- ").Append(violation).Append('\n');
        return message.Append("Answer again: the whole corrected JSON, and nothing else.").ToString();
    }
}
