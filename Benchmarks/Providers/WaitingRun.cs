using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>Many clients of a proxy wait at the same time for a slow model.</summary>
internal static class WaitingRun
{
    public const int Clients = 8_000;

    /// <summary>Time over which the clients connect.</summary>
    public static readonly TimeSpan Arrival = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Warm-up loads with few connections, so that the JIT is done while almost no memory is kept that the clients could reuse.
    /// </summary>
    private const int WarmUpLoads = 10;
    private const int WarmUpConnections = 64;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Measures the usual number of clients, which wait 10 s.</summary>
    public static Task<WaitingMeasurement> MeasureAsync(ProxySystem system, CancellationToken cancellationToken) =>
        MeasureAsync(system, ChatKind.TenSeconds, Clients, cancellationToken);

    public static async Task<WaitingMeasurement> MeasureAsync(
        ProxySystem system, ChatKind kind, int clients, CancellationToken cancellationToken)
    {
        await using var proxy = await RunningProxy.StartAsync(system, cancellationToken);
        await using (var warmUp = new HealthProbe(proxy.Port))
        {
            for (var i = 0; i < WarmUpLoads; i++)
                await proxy.LoadAsync(ChatKind.Whole, WarmUpConnections, Load.Unbounded, WarmUp, TimeSpan.Zero, cancellationToken);
        }

        var before = proxy.Process.ResidentBytes;
        await using var health = new HealthProbe(proxy.Port);
        var load = proxy.LoadAsync(kind, clients, clients, Limit, Arrival, cancellationToken);
        var waiting = 0L;
        while (!load.IsCompleted)
        {
            if (await proxy.Provider.InFlightAsync(cancellationToken) == clients) waiting = Math.Max(waiting, proxy.Process.ResidentBytes);
            await Task.WhenAny(load, Task.Delay(Look, TimeProvider.System, cancellationToken));
        }

        return new WaitingMeasurement
        {
            Clients = clients,
            Load = await load,
            BytesBefore = before,
            BytesWaiting = waiting,
            Health = await health.StopAsync(),
        };
    }
}
