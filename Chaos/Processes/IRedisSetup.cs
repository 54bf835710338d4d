namespace AiPlatform.Chaos.Processes;

/// <summary>The Redis of a platform: one server, a primary with its replica, or a cluster.</summary>
internal interface IRedisSetup : IAsyncDisposable
{
    string ConnectionString { get; }

    /// <summary>The servers that accept writes now.</summary>
    IReadOnlyList<RedisProcess> Primaries { get; }

    /// <summary>The folders of append-only files that are never rewritten, which together have every write.</summary>
    IEnumerable<string> Histories { get; }

    Task StartAsync();
}
