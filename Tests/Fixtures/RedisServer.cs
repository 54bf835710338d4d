using Xunit;

namespace AiPlatform.Tests.Fixtures;

/// <summary>A redis-server for one test class. Its tests use different names of queues (<see cref="Unique"/>).</summary>
public sealed class RedisServer : RedisProcess, IAsyncLifetime
{
    public RedisServer()
    {
    }

    private RedisServer(string[] arguments)
        : base(arguments)
    {
    }

    /// <summary>A server with more arguments, such as <c>--maxmemory-policy allkeys-lru</c>. The caller starts and disposes it.</summary>
    public static RedisServer With(params string[] arguments) => new(arguments);

    /// <summary>A name that no other test uses.</summary>
    public static string Unique(string prefix) => $"{prefix}-{Guid.NewGuid():n}"[..Math.Min(prefix.Length + 13, 60)];

    public async ValueTask InitializeAsync() => await StartAsync();
}
