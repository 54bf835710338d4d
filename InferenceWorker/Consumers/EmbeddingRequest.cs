using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>The body of <c>/v1/embeddings</c>. Exactly one of <see cref="Texts"/> and <see cref="TokenArrays"/> is set.</summary>
internal sealed record EmbeddingRequest
{
    /// <summary>Most inputs of one request.</summary>
    public const int MaxInputs = 2_048;

    /// <summary>1 to 2,048 texts, none empty.</summary>
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>1 to 2,048 inputs as token ids without special tokens, none empty; not checked against a vocabulary.</summary>
    public IReadOnlyList<int[]>? TokenArrays { get; init; }

    /// <summary>Whether <c>input</c> was one value and not a list of inputs: how errors name it.</summary>
    public required bool IsSingle { get; init; }

    public EmbeddingFormat Format { get; init; } = EmbeddingFormat.Float;

    /// <summary>Wanted length of the vectors, 1 or more; null for the model's own.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Whether an input over the model's limit is cut instead of refused.</summary>
    public bool Truncate { get; init; }

    public int Count => Texts?.Count ?? TokenArrays!.Count;

    /// <summary><c>input</c> or <c>input[3]</c>.</summary>
    public string NameOf(int index) => IsSingle ? "input" : $"input[{index}]";
}
