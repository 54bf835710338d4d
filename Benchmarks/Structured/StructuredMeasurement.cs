namespace AiPlatform.Benchmarks.Structured;

/// <summary>What one run gave. Rates are tokens a second of eight streams together, times of first tokens are milliseconds.</summary>
internal sealed record StructuredMeasurement
{
    /// <summary>Streams that may say anything.</summary>
    public required double Free { get; init; }

    /// <summary>Streams that must fit a schema, with all tokens of their texts.</summary>
    public required double Bound { get; init; }

    /// <summary>The part of these tokens that was not chosen.</summary>
    public required double ForcedPart { get; init; }

    /// <summary>One stream that may say anything.</summary>
    public required double OneFree { get; init; }

    /// <summary>One stream that must fit a schema.</summary>
    public required double OneBound { get; init; }

    public required double FirstFree { get; init; }

    /// <summary>With a schema that nobody has sent before.</summary>
    public required double FirstNew { get; init; }

    /// <summary>With the same schema again.</summary>
    public required double FirstCached { get; init; }

    public required double OtherCores { get; init; }
}
