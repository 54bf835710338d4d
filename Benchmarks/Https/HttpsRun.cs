using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;

namespace AiPlatform.Benchmarks.Https;

/// <summary>One run: the same loads with each version of HTTP, in turn.</summary>
internal sealed record HttpsRun(HttpsMeasurement Http2, HttpsMeasurement Http1)
{
    public const int Clients = 2_000;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(4);

    public double OtherCores => Math.Max(Http2.OtherCores, Http1.OtherCores);

    public static async Task<HttpsRun> MeasureAsync(CancellationToken cancellationToken) => new(
        await MeasureAsync(ProxySystem.OverHttps("auto"), cancellationToken),
        await MeasureAsync(ProxySystem.OverHttps("1.1"), cancellationToken));

    private static async Task<HttpsMeasurement> MeasureAsync(ProxySystem system, CancellationToken cancellationToken)
    {
        LoadMeasurement whole, streams;
        await using (var proxy = await RunningProxy.StartAsync(system, cancellationToken))
        {
            foreach (var kind in (ChatKind[])[ChatKind.Whole, ChatKind.StreamByChunks]) await LoadAsync(proxy, kind, WarmUp);
            whole = await LoadAsync(proxy, ChatKind.Whole, Measured);
            streams = await LoadAsync(proxy, ChatKind.StreamByChunks, Measured);
        }

        return new HttpsMeasurement(
            whole, streams, await WaitingRun.MeasureAsync(system, ChatKind.TwentySeconds, Clients, cancellationToken));

        async Task<LoadMeasurement> LoadAsync(RunningProxy proxy, ChatKind kind, TimeSpan limit)
        {
            var measured = await proxy.LoadAsync(
                kind, ProxyRun.Connections, Load.Unbounded, limit, TimeSpan.Zero, cancellationToken);
            measured.Load.WithoutErrors();
            return measured;
        }
    }
}
