namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>Texts of 12 to 28 common words, the same in every run.</summary>
internal static class BenchmarkTexts
{
    private static readonly string[] Words =
    [
        "the", "invoice", "customer", "please", "reset", "my", "password", "order", "delivery", "late", "and", "we", "need", "an", "answer",
        "today",
        "machine", "learning", "model", "runs", "on", "two", "cores", "with", "a", "queue", "of", "jobs", "that", "never", "get", "lost",
    ];

    public static IReadOnlyList<string> Make(int count)
    {
#pragma warning disable CA5394 // Reproducible, not secret
        var random = new Random(4711);
        return [.. Enumerable.Range(0, count)
            .Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(12, 29)).Select(_ => Words[random.Next(Words.Length)])))];
#pragma warning restore CA5394
    }
}
