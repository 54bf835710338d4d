namespace AiPlatform.Benchmarks.Processes;

/// <summary>A load of requests: a number of concurrent requests, until all are answered or a time limit has passed.</summary>
/// <param name="Port">The port of the server on 127.0.0.1.</param>
/// <param name="Path">The path to which they are posted.</param>
/// <param name="Connections">Requests at a time, each on a connection of its own.</param>
/// <param name="Operations">The number of all requests, or of all jobs.</param>
internal sealed record Load(int Port, string Path, int Connections, int Operations)
{
    /// <summary>A number of requests that no load reaches within its <see cref="Limit"/>.</summary>
    public const int Unbounded = 5_000_000;

    /// <summary>The time after which no more requests are sent.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time over which the connections are opened.</summary>
    public TimeSpan Ramp { get; init; }

    /// <summary>Headers of every request, such as <c>Authorization: Bearer key</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>The command that starts the load generator, such as <c>taskset -c 0,1</c>.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];
}
