namespace AiPlatform.Benchmarks.Providers;

/// <summary>All measurements of one run, in sequence.</summary>
internal sealed record ProvidersRun
{
    public required ProxyMeasurement Ours { get; init; }

    public required ProxyMeasurement Peer { get; init; }

    /// <summary>The provider without a proxy.</summary>
    public required ProxyMeasurement Direct { get; init; }

    /// <summary>A bare proxy in .NET, which is the limit of ours.</summary>
    public required ProxyMeasurement Limit { get; init; }

    public required WaitingMeasurement Waiting { get; init; }

    public required WaitingMeasurement WaitingLimit { get; init; }

    /// <summary>The most cores that others used during one of the loads.</summary>
    public double OtherCores =>
        new[]
        {
            Ours.OtherCores, Peer.OtherCores, Direct.OtherCores, Limit.OtherCores, Waiting.Load.OtherCores, WaitingLimit.Load.OtherCores,
        }.Max();

    public static async Task<ProvidersRun> MeasureAsync(CancellationToken cancellationToken) => new()
    {
        Ours = await ProxyRun.MeasureAsync(ProxySystem.AiPlatform, withUsers: true, cancellationToken),
        Peer = await ProxyRun.MeasureAsync(ProxySystem.Portkey, withUsers: false, cancellationToken),
        Direct = await ProxyRun.MeasureAsync(ProxySystem.Direct, withUsers: true, cancellationToken),
        Limit = await ProxyRun.MeasureAsync(ProxySystem.PassThrough, withUsers: true, cancellationToken),
        Waiting = await WaitingRun.MeasureAsync(ProxySystem.AiPlatform, cancellationToken),
        WaitingLimit = await WaitingRun.MeasureAsync(ProxySystem.PassThrough, cancellationToken),
    };
}
