using Xunit;

namespace AiPlatform.Tests.Fixtures;

/// <summary>
/// A redis-server as a class fixture: it serves one test class; tests inside keep apart by their queue's name (<see cref="Unique"/>).
/// </summary>
public sealed class RedisServer : RedisProcess, IAsyncLifetime
{
    public RedisServer()
    {
    }

    private RedisServer(string[] arguments)
        : base(arguments)
    {
    }

    /// <summary>A server with further arguments, such as <c>--maxmemory-policy allkeys-lru</c>; start and dispose it yourself.</summary>
    public static RedisServer With(params string[] arguments) => new(arguments);

    /// <summary>A name that no other test uses.</summary>
    public static string Unique(string prefix) => $"{prefix}-{Guid.NewGuid():n}"[..Math.Min(prefix.Length + 13, 60)];

    public async ValueTask InitializeAsync() => await StartAsync();
}
