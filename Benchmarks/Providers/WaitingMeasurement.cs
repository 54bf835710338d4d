namespace AiPlatform.Benchmarks.Providers;

/// <summary>The result of many clients that wait at the same time.</summary>
internal sealed record WaitingMeasurement
{
    /// <summary>How many waited.</summary>
    public required int Clients { get; init; }

    public required LoadMeasurement Load { get; init; }

    /// <summary>The Gateway's memory before the first client connects.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>The most memory while all clients waited; 0 if they never waited at the same time.</summary>
    public required long BytesWaiting { get; init; }

    public required HealthTimes Health { get; init; }

    public double BytesPerClient => (double)(BytesWaiting - BytesBefore) / Clients;
}
