using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Fixtures;

/// <summary>A redis-server in cluster mode with all slots, which refuses the same commands as a larger cluster.</summary>
public sealed class RedisCluster : IAsyncLifetime
{
    public RedisServer Node { get; } = RedisServer.With(
        "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
        "--cluster-announce-ip", "127.0.0.1", "--cluster-port", $"{FreePort.Next()}");

    public async ValueTask InitializeAsync()
    {
        await Node.StartAsync();
        using var plain = await ConnectionMultiplexer.ConnectAsync($"{Node.ConnectionString},abortConnect=false,allowAdmin=true");
        var database = plain.GetDatabase();
        await database.ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        await Poll.UntilAsync(
            async () => ((string)(await database.ExecuteAsync("CLUSTER", "INFO"))!).Contains("cluster_state:ok", StringComparison.Ordinal),
            "the cluster serves");
    }

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}
