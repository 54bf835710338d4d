using System.Diagnostics.CodeAnalysis;
using AiPlatform.Gateway.Answers;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

/// <summary>The budget of a real call, for tests that are about something else.</summary>
internal static class Budgets
{
    public static StepBudget Whole() => new(StepBudget.Whole, CancellationToken.None);

    extension(AnswerSchema)
    {
        public static bool TryCompile(
            ReadOnlyMemory<byte> schema,
            bool assertFormats,
            [NotNullWhen(true)] out AnswerSchema? compiled,
            [NotNullWhen(false)] out InferenceError? error) => AnswerSchema.TryCompile(
                schema, assertFormats, Whole(), out compiled, out error);
    }

    extension(IAnswerCheck check)
    {
        public IReadOnlyList<SchemaViolation> Check(string text) => check.Check(text, Whole());
    }

    extension<T>(AnswerContract<T> contract)
        where T : class
    {
        public bool TryRead(string text, [NotNullWhen(true)] out T? answer, out IReadOnlyList<SchemaViolation> violations) =>
            contract.TryRead(text, Whole(), out answer, out violations);
    }
}
