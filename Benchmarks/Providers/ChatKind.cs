using System.Text.Json;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>A kind of request, which is chosen by the model's name.</summary>
/// <param name="Model">The model's name in the Gateway.</param>
/// <param name="Upstream">The model's name in the mock, which says how it answers.</param>
/// <param name="Streams">Whether the answer is a stream.</param>
internal sealed record ChatKind(string Model, string Upstream, bool Streams)
{
    public const int Chunks = 50;

    private const string Prompt = "Summarise in one sentence what a queue does. ";

    /// <summary>A whole answer without delay.</summary>
    public static readonly ChatKind Whole = new("chat", "mock", false);

    /// <summary>A stream in which every chunk is a separate write.</summary>
    public static readonly ChatKind StreamByChunks = new("stream-by-chunks", $"mock-chunks{Chunks}-flusheach", true);

    /// <summary>The same stream in one write.</summary>
    public static readonly ChatKind StreamAtOnce = new("stream-at-once", $"mock-chunks{Chunks}-flushall", true);

    /// <summary>An answer after 2 s.</summary>
    public static readonly ChatKind TwoSeconds = new("two-seconds", "mock-latency2000", false);

    /// <summary>An answer after 10 s.</summary>
    public static readonly ChatKind TenSeconds = new("ten-seconds", "mock-latency10000", false);

    /// <summary>An answer after 20 s.</summary>
    public static readonly ChatKind TwentySeconds = new("twenty-seconds", "mock-latency20000", false);

    public static IReadOnlyList<ChatKind> All { get; } = [Whole, StreamByChunks, StreamAtOnce, TwoSeconds, TenSeconds, TwentySeconds];

    /// <summary>A text in every correct answer.</summary>
    public string Expected => Streams ? "[DONE]" : "\"finish_reason\"";

    /// <summary>A request of some 250 bytes.</summary>
    public static string BodyFor(string model, bool streams)
    {
        object message = new { role = "user", content = string.Concat(Enumerable.Repeat(Prompt, 4)) };
        return streams
            ? JsonSerializer.Serialize(new { model, messages = new[] { message }, stream = true })
            : JsonSerializer.Serialize(new { model, messages = new[] { message } });
    }
}
