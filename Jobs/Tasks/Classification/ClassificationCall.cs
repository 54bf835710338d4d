using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Jobs.Tasks.Classification;

/// <summary>A valid body of <c>/v1/classify</c>, without its inputs (see <see cref="ClassificationContent"/>).</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
/// <param name="Rows">Inputs, 1 to 2,048.</param>
/// <param name="IsSingle">Whether <c>input</c> was one text and not a list: how errors name it.</param>
/// <param name="TopN">How many labels each input gets, the likeliest first; null for all.</param>
/// <param name="Truncate">Whether an input over the model's limit is cut instead of refused.</param>
public sealed record ClassificationCall(string Model, int Rows, bool IsSingle, int? TopN, bool Truncate) : TaskCall(Model)
{
    /// <summary><c>input</c> or <c>input[3]</c>.</summary>
    public string NameOf(int row) => IsSingle ? "input" : $"input[{row}]";

    public override InferenceError? Check(ModelDescriptor model) => TopN > model.Labels
        ? InferenceError.Invalid(
            "top_n", $"top_n is {TopN}; the model '{model.Name}' has {model.Labels} labels. Ask for at most {model.Labels}.")
        : null;

    public override long ResultBytes(ModelDescriptor model) =>
        ClassificationOutput.LongestByteCount(Rows, TopN ?? model.Labels ?? 1, model.Labels ?? 1);
}

/// <summary>The inputs of a classification request, as the worker needs them.</summary>
public sealed class ClassificationContent
{
    private readonly List<(string Text, string? Second)> _inputs = [];

    /// <summary>Texts, of a pair with the second; none empty, all valid Unicode.</summary>
    public IReadOnlyList<(string Text, string? Second)> Inputs => _inputs;

    internal void Add(string text, string? second) => _inputs.Add((text, second));
}
