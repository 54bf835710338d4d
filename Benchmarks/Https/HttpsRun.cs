using AiPlatform.Benchmarks.Providers;

namespace AiPlatform.Benchmarks.Https;

/// <summary>One run: the same loads with each version of HTTP, in turn.</summary>
internal sealed record HttpsRun(HttpsMeasurement Http2, HttpsMeasurement Http1)
{
    public const int Clients = 2_000;

    public double OtherCores => Math.Max(Http2.OtherCores, Http1.OtherCores);

    public static async Task<HttpsRun> MeasureAsync(CancellationToken cancellationToken) => new(
        await MeasureAsync(ProxySystem.OverHttps("auto"), cancellationToken),
        await MeasureAsync(ProxySystem.OverHttps("1.1"), cancellationToken));

    private static async Task<HttpsMeasurement> MeasureAsync(ProxySystem system, CancellationToken cancellationToken)
    {
        LoadMeasurement whole, streams;
        await using (var proxy = await RunningProxy.StartAsync(system, cancellationToken))
        {
            foreach (var kind in (ChatKind[])[ChatKind.Whole, ChatKind.StreamByChunks]) await LoadAsync(proxy, kind, ProxyRun.WarmUp);
            whole = await LoadAsync(proxy, ChatKind.Whole, ProxyRun.Measured);
            streams = await LoadAsync(proxy, ChatKind.StreamByChunks, ProxyRun.Measured);
        }

        return new HttpsMeasurement(
            whole, streams, await WaitingRun.MeasureAsync(system, ChatKind.TwentySeconds, Clients, cancellationToken));

        Task<LoadMeasurement> LoadAsync(RunningProxy proxy, ChatKind kind, TimeSpan time) =>
            proxy.SteadyLoadAsync(kind, ProxyRun.Connections, time, cancellationToken);
    }
}
