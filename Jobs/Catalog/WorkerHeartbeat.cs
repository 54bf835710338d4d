namespace AiPlatform.Jobs.Catalog;

/// <summary>What a worker says of itself every few seconds. Travels as JSON in snake case.</summary>
public sealed record WorkerHeartbeat
{
    /// <summary>Unique name of the process.</summary>
    public required string Worker { get; init; }

    public required string Host { get; init; }
    public required int ProcessId { get; init; }

    /// <summary>Where its models run, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>A row for each model.</summary>
    public required IReadOnlyList<ModelLoad> Models { get; init; }

    /// <summary>
    /// The model folders that it could not load, at most <see cref="MostFailures"/>; an older version says nothing of them.
    /// </summary>
    public IReadOnlyList<ModelFailure> Failures { get; init; } = [];

    /// <summary>Folders that a heartbeat names at most: it is read every two seconds by every Gateway.</summary>
    public const int MostFailures = 20;
}

/// <summary>A model folder that a worker could not load.</summary>
/// <param name="Folder">The folder's name, at most <see cref="MostFolderLength"/> characters.</param>
/// <param name="Reason">What is wrong with it, on one line of at most <see cref="MostReasonLength"/> characters.</param>
public sealed record ModelFailure(string Folder, string Reason)
{
    public const int MostFolderLength = 128;
    public const int MostReasonLength = 500;

    /// <summary>The same, cut to what a heartbeat carries.</summary>
    public static ModelFailure Of(string folder, string reason) => new(Cut(folder, MostFolderLength), Cut(reason, MostReasonLength));

    private static string Cut(string text, int most)
    {
        if (text.Length <= most) return text;
        // Not between the halves of a surrogate pair.
        var end = char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1;
        return string.Concat(text.AsSpan(0, end), "…");
    }
}

/// <summary>A model's load on one worker.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Running">Jobs that this worker has leased.</param>
/// <param name="Capacity">Jobs that it leases at most.</param>
public sealed record ModelLoad(string Model, int Running, int Capacity);
