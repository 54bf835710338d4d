namespace AiPlatform.Benchmarks;

/// <summary>A benchmark cannot run, or its measurement is invalid; the message says what to do.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
