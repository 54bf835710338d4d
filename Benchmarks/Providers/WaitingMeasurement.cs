namespace AiPlatform.Benchmarks.Providers;

/// <summary>What many clients gave that wait at the same time.</summary>
internal sealed record WaitingMeasurement
{
    public required LoadMeasurement Load { get; init; }

    /// <summary>The Gateway's memory before the first of them came.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>The most while all of them waited; 0 when they never did at the same time.</summary>
    public required long BytesWaiting { get; init; }

    public required HealthTimes Health { get; init; }

    public double BytesPerClient => (double)(BytesWaiting - BytesBefore) / WaitingRun.Clients;
}
