namespace AiPlatform.Chaos.Audit;

/// <summary>Everything that was ever written about one job.</summary>
internal sealed class WrittenJob
{
    /// <summary>Records without an end.</summary>
    public List<byte[]> Submits { get; } = [];

    /// <summary>Records with an end.</summary>
    public List<byte[]> Ends { get; } = [];

    /// <summary>States, in their written form.</summary>
    public List<string> States { get; } = [];

    /// <summary>Whether a state was written after an end.</summary>
    public bool WasRevived { get; set; }

    /// <summary>All writes in order, for reports.</summary>
    public List<string> Lines { get; } = [];
}
