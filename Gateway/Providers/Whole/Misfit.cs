using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>A choice of an answer that does not pass its check.</summary>
/// <param name="Text">The model's text.</param>
/// <param name="Violations">What is wrong with it.</param>
/// <param name="CanBeCorrected">Whether a correction may help; an answer that was cut off would be cut off again.</param>
internal sealed record Misfit(string Text, IReadOnlyList<SchemaViolation> Violations, bool CanBeCorrected)
{
    private const int MaxRawAnswerLength = 64 * 1024;

    /// <summary>Why it could not be checked; null when it was.</summary>
    private InferenceError? Unchecked { get; init; }

    /// <summary>
    /// The first choice that does not fit; null when all fit. An answer without choices does not fit. Refusals and tool calls are not
    /// checked.
    /// </summary>
    public static Misfit? Of(IReadOnlyList<ChoiceContent> choices, IAnswerCheck check, StepBudget budget)
    {
        var isEmpty = true;
        foreach (var choice in choices)
        {
            isEmpty = false;
            if (choice.IsExempt) continue;
            if (choice.FinishReason == "length") return CutOff(choice);
            var violations = choice.Text is null ? [new SchemaViolation("", "there is no content")] : check.Check(choice.Bare!, budget);
            if (violations.Count > 0) return new Misfit(choice.Text ?? "", violations, CanBeCorrected: true);
        }

        return isEmpty ? new Misfit("", [new SchemaViolation("", "there is no choice")], CanBeCorrected: true) : null;
    }

    /// <summary>Makes the misfit of an answer that could not be checked completely.</summary>
    /// <param name="why">Such as <c>it takes more than 20,000,000 steps</c>.</param>
    public static Misfit TakesTooMuch(string why) => NotChecked(
        InferenceErrorKind.AnswerInvalid,
        $"The model's answer could not be checked: {why}. Make the schema simpler, or ask for a shorter answer.");

    /// <inheritdoc cref="TakesTooMuch"/>
    /// <param name="limit">The time limit of the call.</param>
    public static Misfit TakesTooLong(TimeSpan limit) => NotChecked(
        InferenceErrorKind.ProviderTimeout,
        $"The model has answered, but its answer could not be checked within the call's {limit.TotalSeconds:0.###} s.");

    /// <param name="form">The form that the answer should have.</param>
    /// <param name="corrections">How often the answer was sent back to the model.</param>
    /// <param name="includesRawAnswer">Whether the caller wants to see the model's answer.</param>
    public InferenceError ToError(string form, int corrections, bool includesRawAnswer)
    {
        if (Unchecked is { } error) return error;

        var times = corrections == 0 ? "" : $" after {corrections + 1} tries";
        var what = string.Join("; ", Violations.Select(one => one.Pointer.Length == 0 ? one.Message : $"{one.Pointer}: {one.Message}"));
        return new InferenceError
        {
            Kind = InferenceErrorKind.AnswerInvalid,
            Message = $"The model's answer does not fit {form}{times}: {what}.",
            RawAnswer = includesRawAnswer ? Refusals.Quoted(Text, MaxRawAnswerLength) : null,
        };
    }

    private static Misfit NotChecked(InferenceErrorKind kind, string message) =>
        new("", [], CanBeCorrected: false) { Unchecked = new InferenceError { Kind = kind, Message = message } };

    private static Misfit CutOff(ChoiceContent choice) => new(
        choice.Text ?? "", [new SchemaViolation("", "it was cut off at the most tokens that it may have; allow more")],
        CanBeCorrected: false);
}
