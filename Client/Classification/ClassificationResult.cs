namespace AiPlatform.Client.Classification;

/// <summary>The labels of some texts.</summary>
public sealed record ClassificationResult
{
    /// <summary>A result for each text, in their order.</summary>
    public required IReadOnlyList<TextLabels> Data { get; init; }

    public required string Model { get; init; }
}

/// <summary>The labels of one text.</summary>
public sealed record TextLabels
{
    /// <summary>The place of the text in the request.</summary>
    public required int Index { get; init; }

    /// <summary>The likeliest label.</summary>
    public required string Label { get; init; }

    /// <summary>The likeliest first.</summary>
    public required IReadOnlyList<LabelScore> Scores { get; init; }
}

/// <summary>A label, and how well it fits.</summary>
/// <param name="Label">The label, of those in the model's manifest.</param>
/// <param name="Score">0 to 1.</param>
public sealed record LabelScore(string Label, double Score);

/// <summary>The body of a request for labels.</summary>
/// <param name="Model">The model.</param>
/// <param name="Input">The texts.</param>
/// <param name="TopN">Most labels of each text; all when null.</param>
/// <param name="Truncate">Whether a long text is cut.</param>
internal sealed record ClassificationCall(string Model, IReadOnlyList<string> Input, int? TopN, bool? Truncate);
