namespace AiPlatform.Benchmarks.Providers;

/// <summary>How <c>/health</c> answered.</summary>
/// <param name="Asked">How often it was asked.</param>
/// <param name="Failed">How often it did not answer with success.</param>
/// <param name="P99">The 99th percentile of the times.</param>
/// <param name="Longest">The time of the slowest answer.</param>
internal sealed record HealthTimes(int Asked, int Failed, TimeSpan P99, TimeSpan Longest);
