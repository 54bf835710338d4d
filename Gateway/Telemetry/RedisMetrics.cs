using System.Diagnostics.Metrics;
using System.Globalization;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.ServiceDefaults.Telemetry;
using StackExchange.Redis;

namespace AiPlatform.Gateway.Telemetry;

/// <summary>
/// Gauges of the memory of Redis, which refuses jobs when it is full. Each server is asked every few seconds, and none while no listener is
/// registered. A server that does not answer has no gauge.
/// </summary>
internal sealed class RedisMetrics : LoopService
{
    /// <summary>
    /// INFO is inside a script, because the client treats it as an administrator's command otherwise. Replicas run this one, too.
    /// </summary>
    private const string Memory = "#!lua flags=no-writes,allow-stale\nreturn redis.call('INFO', 'memory')";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly IConnectionMultiplexer _redis;
    private readonly TimeProvider _time;
    private readonly ObservableGauge<long> _used;
    private volatile IReadOnlyList<(string Server, long Used, long Limit)> _servers = [];

    public RedisMetrics(BackgroundLoops loops, IMeterFactory meters, IConnectionMultiplexer redis, TimeProvider time)
        : base(loops)
    {
        _redis = redis;
        _time = time;
        var meter = meters.Create(TelemetrySources.Name);
        _used = meter.CreateObservableGauge(
            "aiplatform.redis.memory", () => _servers.Select(one => Of(one.Server, one.Used)), "By", "Memory that Redis uses, by server");
        meter.CreateObservableGauge(
            "aiplatform.redis.memory_limit", () => _servers.Where(one => one.Limit > 0).Select(one => Of(one.Server, one.Limit)), "By",
            "Its maxmemory, by server; missing where none is set");
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(5);

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        if (!_used.Enabled) return;

        List<(string, long, long)> servers = [];
        foreach (var server in _redis.GetServers().Where(server => server.IsConnected))
        {
            try
            {
                var memory = (string?)await server.ExecuteAsync("EVAL", Memory, 0).WaitAsync(Patience, _time, stoppingToken) ?? "";
                servers.Add((server.EndPoint.ToString() ?? "", Number(memory, "used_memory:"), Number(memory, "maxmemory:")));
            }
            catch (Exception silent) when (silent is RedisException or TimeoutException or ObjectDisposedException)
            {
                // The loops that need Redis, and the health check, say what is wrong with it.
            }
        }

        _servers = servers;
    }

    private static long Number(string memory, string field)
    {
        foreach (var line in memory.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(field))
                return long.TryParse(line[field.Length..], CultureInfo.InvariantCulture, out var number) ? number : 0;
        }

        return 0;
    }

    private static Measurement<long> Of(string server, long bytes) => new(bytes, new KeyValuePair<string, object?>("server", server));
}
