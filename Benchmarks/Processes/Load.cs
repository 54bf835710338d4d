namespace AiPlatform.Benchmarks.Processes;

/// <summary>A load of requests: so many at a time until so many were answered, or the time is over.</summary>
/// <param name="Port">Of the server on 127.0.0.1.</param>
/// <param name="Path">Where they are posted.</param>
/// <param name="Connections">Requests at a time, each on a connection of its own.</param>
/// <param name="Operations">Requests in all; of jobs, jobs in all.</param>
internal sealed record Load(int Port, string Path, int Connections, int Operations)
{
    /// <summary>More than a load can be answered with within its <see cref="Limit"/>.</summary>
    public const int Unbounded = 5_000_000;

    /// <summary>When no more is asked.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time over which the connections come.</summary>
    public TimeSpan Ramp { get; init; }

    /// <summary>Headers of every request, such as <c>Authorization: Bearer key</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>What the load generator is started with, such as <c>taskset -c 0,1</c>.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];
}
