namespace AiPlatform.Benchmarks.Providers;

/// <summary>How <c>/health</c> answered.</summary>
/// <param name="Asked">How often it was asked.</param>
/// <param name="Failed">How often it did not answer with success.</param>
/// <param name="P99">In 99 of 100 cases not longer.</param>
/// <param name="Longest">The longest that an answer took.</param>
internal sealed record HealthTimes(int Asked, int Failed, TimeSpan P99, TimeSpan Longest);
