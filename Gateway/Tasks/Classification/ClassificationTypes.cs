using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Classification;

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ClassificationRequest))]
[JsonSerializable(typeof(ClassificationList))]
internal sealed partial class ClassificationTypes : JsonSerializerContext;

/// <summary>The body of <c>POST /v1/classify</c>. Other fields are ignored.</summary>
/// <remarks>
/// For the API's description only: requests are read by <see cref="AiPlatform.Jobs.Tasks.Classification.ClassificationRequestParser"/>.
/// </remarks>
internal sealed record ClassificationRequest
{
    /// <summary>The name of a model that <c>/v1/models</c> lists.</summary>
    public required string Model { get; init; }

    /// <summary>One string, 1 to 2,048 strings, or 1 to 2,048 pairs of strings. None may be empty.</summary>
    public required object Input { get; init; }

    /// <summary>Most labels of each input, the likeliest first, 1 to the model's own number; all when absent.</summary>
    public int? TopN { get; init; }

    /// <summary>
    /// True cuts an input at the model's limit of tokens; in a pair the longer text is cut first. False, the default, answers 400.
    /// </summary>
    public bool? Truncate { get; init; }
}

/// <summary>The answer of <c>POST /v1/classify</c>.</summary>
/// <remarks>For the API's description only: <see cref="ClassificationAnswer"/> writes it.</remarks>
internal sealed record ClassificationList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>One for each input, in their order.</summary>
    public required IReadOnlyList<ClassificationItem> Data { get; init; }

    public required string Model { get; init; }

    public required ClassificationUsage Usage { get; init; }
}

/// <summary>The labels of one input.</summary>
internal sealed record ClassificationItem
{
    /// <summary>The index of the input, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The likeliest label.</summary>
    public required string Label { get; init; }

    /// <summary>The scores, the likeliest label first.</summary>
    public required IReadOnlyList<LabelScore> Scores { get; init; }
}

/// <summary>The score of a label.</summary>
internal sealed record LabelScore
{
    public required string Label { get; init; }

    /// <summary>The score, from 0 to 1.</summary>
    public required float Score { get; init; }
}

/// <summary>Tokens of all inputs, special tokens included.</summary>
internal sealed record ClassificationUsage
{
    public required int PromptTokens { get; init; }

    /// <summary>The same number, because classification writes no tokens.</summary>
    public required int TotalTokens { get; init; }
}
