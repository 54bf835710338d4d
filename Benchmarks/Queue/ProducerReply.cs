using System.Text.Json.Serialization;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>What a producer process saw. Travels as JSON.</summary>
internal sealed record ProducerReply
{
    [JsonPropertyName("jobs")]
    public required int Jobs { get; init; }

    /// <summary>From the first submit until the last result was in hand.</summary>
    [JsonPropertyName("per_s")]
    public required double PerSecond { get; init; }

    [JsonPropertyName("p50_ms")]
    public required double P50Milliseconds { get; init; }

    [JsonPropertyName("p99_ms")]
    public required double P99Milliseconds { get; init; }

    /// <summary>Jobs with no or another result.</summary>
    [JsonPropertyName("wrong")]
    public required int Wrong { get; init; }
}
