using System.Text;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>The message to a model whose answer does not fit its schema.</summary>
internal static class CorrectionMessage
{
    /// <param name="violations">The result of <see cref="IAnswerCheck.Check"/>, which has at least one violation.</param>
    /// <param name="form">See <see cref="IAnswerCheck.Form"/>.</param>
    public static string For(IReadOnlyList<SchemaViolation> violations, string form)
    {
        var message = new StringBuilder($"Your answer does not fit {form}:\n");
        foreach (var violation in violations) message.Append("- ").Append(violation).Append('\n');
        return message.Append("Answer again: the whole corrected JSON, and nothing else.").ToString();
    }
}
