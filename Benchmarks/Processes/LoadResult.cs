using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>The result of the load generator.</summary>
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

    /// <summary>Requests that were in flight when the time limit had passed.</summary>
    [JsonPropertyName("cut")]
    public required long Cut { get; init; }

    /// <summary>Requests that failed or did not end in time.</summary>
    [JsonIgnore]
    public long Lost => Errors + Cut;

    [JsonPropertyName("sample_error")]
    public required string SampleError { get; init; }

    /// <summary>CPU time of the load generator.</summary>
    [JsonPropertyName("gen_cpu_s")]
    public required double GeneratorSeconds { get; init; }

    /// <exception cref="BenchmarkException">The text is not output of the load generator.</exception>
    public static LoadResult Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<LoadResult>(json) ?? throw new BenchmarkException("The load generator printed null.");
        }
        catch (JsonException unreadable)
        {
            throw new BenchmarkException($"The load generator's answer cannot be read ({unreadable.Message}): {json}");
        }
    }

    /// <summary>Returns the result if everything succeeded.</summary>
    /// <exception cref="BenchmarkException">Not everything succeeded: rates with errors mean nothing.</exception>
    public LoadResult Complete() => Cut == 0 ? WithoutErrors() : throw Incomplete();

    /// <summary>Returns the result if nothing failed; a load that ends by its time limit may leave requests unanswered.</summary>
    /// <exception cref="BenchmarkException">Some failed, or nothing succeeded.</exception>
    public LoadResult WithoutErrors() => Errors == 0 && Ok > 0 ? this : throw Incomplete();

    private BenchmarkException Incomplete() =>
        new($"Of the requests {Ok} succeeded, {Errors} failed and {Cut} did not end in time. {SampleError}");
}
