namespace AiPlatform.Jobs.Catalog;

/// <summary>The state that a worker reports every few seconds. Stored as JSON in snake case.</summary>
public sealed record WorkerHeartbeat
{
    /// <summary>Unique name of the process.</summary>
    public required string Worker { get; init; }

    public required string Host { get; init; }
    public required int ProcessId { get; init; }

    /// <summary>Where its models run, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was sent, by the worker's clock; older versions do not say.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>The load of each model.</summary>
    public required IReadOnlyList<ModelLoad> Models { get; init; }

    /// <summary>The model folders that it could not load, at most <see cref="MostFailures"/>; older versions do not report them.</summary>
    /// <remarks>The serializer sets null where there is none: it knows no defaults of properties.</remarks>
    public IReadOnlyList<ModelFailure> Failures { get; init => field = value ?? []; } = [];

    /// <summary>Most folders in a heartbeat, because every Gateway reads all heartbeats every two seconds.</summary>
    public const int MostFailures = 20;
}

/// <summary>A model folder that a worker could not load.</summary>
/// <param name="Folder">The folder's name, at most <see cref="MostFolderLength"/> characters.</param>
/// <param name="Reason">What is wrong with it, on one line of at most <see cref="MostReasonLength"/> characters.</param>
public sealed record ModelFailure(string Folder, string Reason)
{
    public const int MostFolderLength = 128;
    public const int MostReasonLength = 500;

    /// <summary>Makes a failure with texts that are cut to the limits of a heartbeat.</summary>
    public static ModelFailure Of(string folder, string reason) => new(Cut(folder, MostFolderLength), Cut(reason, MostReasonLength));

    private static string Cut(string text, int most)
    {
        if (text.Length <= most) return text;
        // A cut never divides a surrogate pair.
        var end = char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1;
        return string.Concat(text.AsSpan(0, end), "…");
    }
}

/// <summary>A model's load on one worker.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Running">Jobs that this worker has leased.</param>
/// <param name="Capacity">Most jobs that it leases.</param>
public sealed record ModelLoad(string Model, int Running, int Capacity)
{
    /// <summary>Where this model runs, such as <c>cpu</c>; null from an older version, whose models run where the worker says.</summary>
    public string? Device { get; init; }
}
