namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>What <c>genai_config.json</c> says of a decoder.</summary>
internal sealed record DecoderConfig
{
    /// <summary>The name of the ONNX file.</summary>
    public required string Model { get; init; }

    public required int Layers { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>Tokens that there are; the ids go from 0 to one less.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Most tokens of a row, prompt and output together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The tokens that end a text, at least one.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

    public required DecoderNames Names { get; init; }
}

/// <summary>What the graph calls its inputs and outputs. Those of the cache have <c>%d</c> where the number of the layer belongs.</summary>
internal sealed record DecoderNames
{
    public required string InputIds { get; init; }

    public required string AttentionMask { get; init; }

    public required string PositionIds { get; init; }

    public required string Logits { get; init; }

    public required string PastKey { get; init; }

    public required string PastValue { get; init; }

    public required string PresentKey { get; init; }

    public required string PresentValue { get; init; }

    /// <summary>The name for a layer.</summary>
    public static string Of(string pattern, int layer) =>
        pattern.Replace("%d", layer.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
