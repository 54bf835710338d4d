namespace AiPlatform.Chaos.Processes;

/// <summary>The Redis that a platform runs on: one server, two of which one follows the other, or a cluster.</summary>
internal interface IRedisSetup : IAsyncDisposable
{
    string ConnectionString { get; }

    /// <summary>The servers that take writes now.</summary>
    IReadOnlyList<RedisProcess> Primaries { get; }

    /// <summary>The folders of append-only files that are never rewritten: together they have every write that there was.</summary>
    IEnumerable<string> Histories { get; }

    Task StartAsync();
}
