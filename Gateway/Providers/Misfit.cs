using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Providers;

/// <summary>A choice of an answer that does not fit what it must fit.</summary>
/// <param name="Text">What the model said.</param>
/// <param name="Violations">What is wrong with it.</param>
/// <param name="CanBeCorrected">Whether asking again may help: an answer that was cut off would be cut off again.</param>
internal sealed record Misfit(string Text, IReadOnlyList<SchemaViolation> Violations, bool CanBeCorrected)
{
    private const int MaxRawAnswerLength = 64 * 1024;

    /// <summary>The first choice that does not fit; null when all do. No choice at all does not fit. Refusals and tool calls are not held to a schema.</summary>
    public static Misfit? Of(IEnumerable<ChoiceContent> choices, IAnswerCheck check)
    {
        var isEmpty = true;
        foreach (var choice in choices)
        {
            isEmpty = false;
            if (choice.IsExempt) continue;
            if (choice.FinishReason == "length") return CutOff(choice);
            var violations = choice.Text is null ? [new SchemaViolation("", "there is no content")] : check.Check(choice.Bare!);
            if (violations.Count > 0) return new Misfit(choice.Text ?? "", violations, CanBeCorrected: true);
        }

        return isEmpty ? new Misfit("", [new SchemaViolation("", "there is no choice")], CanBeCorrected: true) : null;
    }

    /// <param name="form">What it was to be.</param>
    /// <param name="corrections">How often the model was told.</param>
    /// <param name="includesRawAnswer">Whether the caller wants to see what it said.</param>
    public InferenceError ToError(string form, int corrections, bool includesRawAnswer)
    {
        var times = corrections == 0 ? "" : $" after {corrections + 1} tries";
        var what = string.Join("; ", Violations.Select(one => one.Pointer.Length == 0 ? one.Message : $"{one.Pointer}: {one.Message}"));
        return new InferenceError
        {
            Kind = InferenceErrorKind.AnswerInvalid,
            Message = $"The model's answer does not fit {form}{times}: {what}.",
            RawAnswer = includesRawAnswer ? Refusals.Quoted(Text, MaxRawAnswerLength) : null,
        };
    }

    private static Misfit CutOff(ChoiceContent choice) => new(
        choice.Text ?? "", [new SchemaViolation("", "it was cut off at the most tokens that it may have; allow more")], CanBeCorrected: false);
}
