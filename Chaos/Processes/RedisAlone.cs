using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>One redis-server.</summary>
internal sealed class RedisAlone : IRedisSetup
{
    private RedisAlone(RedisProcess server) => Server = server;

    public RedisProcess Server { get; }

    public string ConnectionString => Server.ConnectionString;

    public IReadOnlyList<RedisProcess> Primaries => [Server];

    public IEnumerable<string> Histories => [Server.Folder];

    /// <param name="flush">Its <c>appendfsync</c>.</param>
    public static RedisAlone With(string flush) => new(new RedisProcess(ArgumentsOf(flush)));

    /// <summary>Makes a server that uses the given clock.</summary>
    public static RedisAlone With(string flush, FalseClock clock) =>
        new(new RedisProcess(ArgumentsOf(flush)) { Environment = clock.Environment });

    /// <summary>The arguments of all servers of a setup: the file is never rewritten, and a long script is soon reported as busy.</summary>
    public static string[] ArgumentsOf(string flush) =>
    [
        "--appendfsync", flush, "--auto-aof-rewrite-percentage", "0",
        "--busy-reply-threshold", 200.ToString(CultureInfo.InvariantCulture), "--repl-diskless-sync-delay", "0", "--repl-backlog-size",
        "64mb",
    ];

    public Task StartAsync() => Server.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
