namespace AiPlatform.Benchmarks.Processes;

/// <summary>A load of requests: so many at a time until so many were answered.</summary>
/// <param name="Port">Of the server on 127.0.0.1.</param>
/// <param name="Path">Where they are posted.</param>
/// <param name="Connections">Requests at a time, each on a connection of its own.</param>
/// <param name="Operations">Requests in all; of jobs, jobs in all.</param>
internal sealed record Load(int Port, string Path, int Connections, int Operations);
