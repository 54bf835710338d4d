using System.Text.Json.Serialization;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>The result of a producer process, sent as JSON.</summary>
internal sealed record ProducerReply
{
    [JsonPropertyName("jobs")]
    public required int Jobs { get; init; }

    /// <summary>Jobs per second, from the first submit to the last result.</summary>
    [JsonPropertyName("per_s")]
    public required double PerSecond { get; init; }

    [JsonPropertyName("p50_ms")]
    public required double P50Milliseconds { get; init; }

    [JsonPropertyName("p99_ms")]
    public required double P99Milliseconds { get; init; }

    /// <summary>Jobs with a missing or wrong result.</summary>
    [JsonPropertyName("wrong")]
    public required int Wrong { get; init; }
}
