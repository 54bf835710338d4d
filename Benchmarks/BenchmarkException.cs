namespace AiPlatform.Benchmarks;

/// <summary>A benchmark cannot run, or did not measure what it should have; the message says what to do.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
