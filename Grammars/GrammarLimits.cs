namespace AiPlatform.Grammars;

/// <summary>How much work and memory a grammar may take.</summary>
public sealed record GrammarLimits
{
    public static readonly GrammarLimits Default = new();

    /// <summary>Most steps of compiling; a step takes some nanoseconds. Default 20,000,000; at least 1.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>Most bytes of a compiled grammar's tables, without its masks. Default 4 MiB.</summary>
    public long MaxBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Largest schema or grammar, in bytes of its text. Default 512 KiB.</summary>
    public int MaxSourceBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// How deep objects and arrays of an answer nest; for grammars, how deep rules nest. Default 64, which is what .NET's JSON readers
    /// accept. Range: 1 to 512.
    /// </summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Most bytes of the masks and states that are kept for a grammar: half for either. Default 4 MiB.</summary>
    public long MaxCacheBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Most places of a text that are looked at for one mask. Only ambiguous grammars of rules come near: each byte that can follow is
    /// looked at in each place where the text may be. Default 2,000,000; at least 1.
    /// </summary>
    public long MaxMaskSteps { get; init; } = 2_000_000;
}
