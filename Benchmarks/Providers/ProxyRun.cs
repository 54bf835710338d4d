namespace AiPlatform.Benchmarks.Providers;

/// <summary>One run of one system: a warm-up, then each load in turn.</summary>
internal static class ProxyRun
{
    public const int Connections = 64;
    public const int Users = 5_000;
    public const int Rounds = 4;

    /// <summary>Users of the warm-up, who open connections as the measured users do.</summary>
    private const int WarmUpUsers = 1_000;

    /// <summary>Warm-up time of each kind, which is enough for the JITs.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Measured = TimeSpan.FromSeconds(4);

    /// <summary>Four rounds of 2 s, with ample time to spare.</summary>
    private static readonly TimeSpan UsersLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Arrival = TimeSpan.FromSeconds(1);

    public static async Task<ProxyMeasurement> MeasureAsync(ProxySystem system, bool withUsers, CancellationToken cancellationToken)
    {
        await using var proxy = await RunningProxy.StartAsync(system, cancellationToken);
        if (system.StartAsync is not null)
        {
            foreach (var kind in new[] { ChatKind.Whole, ChatKind.StreamByChunks, ChatKind.StreamAtOnce })
                await LoadAsync(kind, Connections, WarmUp);
        }

        var measurement = new ProxyMeasurement
        {
            OneByOne = await LoadAsync(ChatKind.Whole, 1, Measured),
            Together = await LoadAsync(ChatKind.Whole, Connections, Measured),
            StreamsByChunks = await LoadAsync(ChatKind.StreamByChunks, Connections, Measured),
            StreamsAtOnce = await LoadAsync(ChatKind.StreamAtOnce, Connections, Measured),
            Users = null,
        };
        if (!withUsers) return measurement;

        await proxy.LoadAsync(ChatKind.TwoSeconds, WarmUpUsers, WarmUpUsers, UsersLimit, Arrival, cancellationToken);
        return measurement with
        {
            Users = await proxy.LoadAsync(ChatKind.TwoSeconds, Users, Users * Rounds, UsersLimit, Arrival, cancellationToken),
        };

        Task<LoadMeasurement> LoadAsync(ChatKind kind, int connections, TimeSpan limit) =>
            proxy.SteadyLoadAsync(kind, connections, limit, cancellationToken);
    }
}
