using System.Text.Json;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>A kind of request, by the model that is asked.</summary>
/// <param name="Model">What the Gateway calls it.</param>
/// <param name="Upstream">What the mock calls it; says how it is answered.</param>
/// <param name="Streams">Whether the answer is a stream.</param>
internal sealed record ChatKind(string Model, string Upstream, bool Streams)
{
    public const int Chunks = 50;

    private const string Prompt = "Summarise in one sentence what a queue does. ";

    /// <summary>Answered at once and whole.</summary>
    public static readonly ChatKind Whole = new("chat", "mock", false);

    /// <summary>A stream whose every chunk is a write of its own.</summary>
    public static readonly ChatKind StreamByChunks = new("stream-by-chunks", $"mock-chunks{Chunks}-flusheach", true);

    /// <summary>The same stream in one write.</summary>
    public static readonly ChatKind StreamAtOnce = new("stream-at-once", $"mock-chunks{Chunks}-flushall", true);

    /// <summary>Answered after 2 s.</summary>
    public static readonly ChatKind TwoSeconds = new("two-seconds", "mock-latency2000", false);

    /// <summary>Answered after 10 s.</summary>
    public static readonly ChatKind TenSeconds = new("ten-seconds", "mock-latency10000", false);

    public static IReadOnlyList<ChatKind> All { get; } = [Whole, StreamByChunks, StreamAtOnce, TwoSeconds, TenSeconds];

    /// <summary>Stands in every right answer.</summary>
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
