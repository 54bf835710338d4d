using AiPlatform.Benchmarks.Providers;

namespace AiPlatform.Benchmarks.SlowModel;

/// <summary>The result of a server whose users all wait for a slow model.</summary>
internal sealed record SlowMeasurement
{
    /// <summary>From the first question to the last answer, or until the users gave up (60 s).</summary>
    public required TimeSpan Everybody { get; init; }

    /// <summary>Questions without an answer.</summary>
    public required long Lost { get; init; }

    /// <summary>The most threads that it had.</summary>
    public required int Threads { get; init; }

    public required HealthTimes Health { get; init; }
}
