using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>What the load generator saw.</summary>
internal sealed record LoadResult
{
    [JsonPropertyName("ok")]
    public required long Ok { get; init; }

    [JsonPropertyName("per_s")]
    public required double PerSecond { get; init; }

    [JsonPropertyName("p50_ms")]
    public required double P50Milliseconds { get; init; }

    [JsonPropertyName("p99_ms")]
    public required double P99Milliseconds { get; init; }

    [JsonPropertyName("errors")]
    public required long Errors { get; init; }

    /// <summary>Requests that were still under way when the time was over.</summary>
    [JsonPropertyName("cut")]
    public required long Cut { get; init; }

    [JsonPropertyName("sample_error")]
    public required string SampleError { get; init; }

    /// <exception cref="BenchmarkException">It is not what the load generator prints, or not everything succeeded: rates with errors mean nothing.</exception>
    public static LoadResult Parse(string json)
    {
        LoadResult? result;
        try
        {
            result = JsonSerializer.Deserialize<LoadResult>(json);
        }
        catch (JsonException unreadable)
        {
            throw new BenchmarkException($"The load generator's answer cannot be read ({unreadable.Message}): {json}");
        }

        if (result is null || result.Errors + result.Cut > 0 || result.Ok == 0)
            throw new BenchmarkException($"Of the requests {result?.Ok} succeeded, {result?.Errors} failed and {result?.Cut} did not end in time. {result?.SampleError}");
        return result;
    }
}
