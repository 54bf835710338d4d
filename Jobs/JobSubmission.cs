using System.Diagnostics;

namespace AiPlatform.Jobs;

/// <summary>An API call to be run, as the Gateway hands it to the store.</summary>
public sealed record JobSubmission
{
    /// <summary>Chosen by the submitter: submitting the same id again changes nothing.</summary>
    public required JobId Id { get; init; }

    /// <summary>The route whose synchronous call this is, such as <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }

    public required string Model { get; init; }

    /// <summary>The tenant that asks: 1 to 64 characters of <c>[A-Za-z0-9._-]</c>.</summary>
    public required string Tenant { get; init; }

    public required Lane Lane { get; init; }

    /// <summary>
    /// The expected cost for its model, 1 or more, by which tenants share the workers. All jobs of a queue use the same unit (tokens, else
    /// bytes).
    /// </summary>
    public required long Cost { get; init; }

    /// <summary>The JSON of the synchronous call, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Expected bytes of its result, which count against its tenant's limit until the result is there; 0 when unknown.</summary>
    public long ResultBytes { get; init; }

    /// <summary>The hold of the tokens that it may take, which its usage ends; null when its tenant has no limit of tokens.</summary>
    public string? Hold { get; init; }

    /// <summary>The tokens of this hold, which are held again when the job runs again.</summary>
    public long HeldTokens { get; init; }

    /// <summary>Time from the submit (by Redis' clock) until the job expires; positive.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>The caller's own pairs as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>W3C trace context of the call that submits, or null.</summary>
    public string? Traceparent { get; init; }

    /// <summary>Name of the Gateway that waits for the result, or null when nobody does.</summary>
    public string? Watcher { get; init; }
}

/// <summary>
/// The lane in which a job waits. Lanes are served in this order, but a lower lane in which jobs wait gets at least every tenth job.
/// </summary>
public enum Lane
{
    /// <summary>A caller waits for the answer.</summary>
    Interactive,

    /// <summary>Jobs without a given lane.</summary>
    Default,

    /// <summary>Work that can wait.</summary>
    Batch,
}

/// <summary>The names of lanes in the API, which are those of the enum in lower case, and their letters in Redis.</summary>
public static class LaneNames
{
    extension(Lane lane)
    {
        public string Name => lane switch
        {
            Lane.Interactive => "interactive",
            Lane.Default => "default",
            Lane.Batch => "batch",
            _ => throw new UnreachableException($"Lane {(int)lane} has no name. This is a bug."),
        };

        /// <summary>Its letter in records and keys: the first of its name.</summary>
        internal string Letter => lane switch
        {
            Lane.Interactive => "i",
            Lane.Default => "d",
            _ => "b",
        };
    }

    /// <summary>False when no lane has this name.</summary>
    public static bool TryParse(string name, out Lane lane)
    {
        lane = name switch
        {
            "interactive" => Lane.Interactive,
            "batch" => Lane.Batch,
            _ => Lane.Default,
        };
        return lane.Name == name;
    }

    /// <summary>The lane of a letter; the default one for any other.</summary>
    internal static Lane FromLetter(char letter) => letter switch
    {
        'i' => Lane.Interactive,
        'b' => Lane.Batch,
        _ => Lane.Default,
    };
}

/// <summary>Names of tenants. Without API keys every caller is the same tenant.</summary>
public static class Tenants
{
    public const string Anonymous = "anonymous";
}
