namespace AiPlatform.Benchmarks.Providers;

/// <summary>All measurements of one run, in sequence.</summary>
internal sealed record ProvidersRun
{
    public required ProxyMeasurement Ours { get; init; }

    public required ProxyMeasurement Peer { get; init; }

    /// <summary>The provider without a proxy.</summary>
    public required ProxyMeasurement Direct { get; init; }

    public required WaitingMeasurement Waiting { get; init; }

    /// <summary>The most cores that others used during one of the loads.</summary>
    public double OtherCores => new[] { Ours.OtherCores, Peer.OtherCores, Direct.OtherCores, Waiting.Load.OtherCores }.Max();

    public static async Task<ProvidersRun> MeasureAsync(CancellationToken cancellationToken) => new()
    {
        Ours = await ProxyRun.MeasureAsync(ProxySystem.AiPlatform, withUsers: true, cancellationToken),
        Peer = await ProxyRun.MeasureAsync(ProxySystem.Portkey, withUsers: false, cancellationToken),
        Direct = await ProxyRun.MeasureAsync(ProxySystem.Direct, withUsers: true, cancellationToken),
        Waiting = await WaitingRun.MeasureAsync(cancellationToken),
    };
}
