namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>The settings of a decoder in <c>genai_config.json</c>.</summary>
internal sealed record DecoderConfig
{
    /// <summary>The name of the ONNX file.</summary>
    public required string Model { get; init; }

    public required int Layers { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>Number of tokens; the ids are 0 to one less.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Most tokens of a row, prompt and output together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The tokens that end a text, at least one.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

    public required DecoderNames Names { get; init; }
}

/// <summary>The names of the graph's inputs and outputs. Those of the cache have <c>%d</c> for the number of the layer.</summary>
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
