using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AiPlatform.Gateway.Answers;

/// <summary>Answer of <c>POST /generate</c>.</summary>
internal sealed record GenerateAnswer
{
    [Description("The text in one or two sentences.")]
    [StringLength(1_000, MinimumLength = 1)]
    public required string Summary { get; init; }

    [Description("The mood of the text.")]
    public required Sentiment Sentiment { get; init; }

    [Description("What the text is about: short keywords, the most important first.")]
    [Length(1, 10)]
    public required IReadOnlyList<string> Tags { get; init; }
}

/// <summary>The mood of a text.</summary>
internal enum Sentiment
{
    Positive,
    Negative,
    Neutral,
}
