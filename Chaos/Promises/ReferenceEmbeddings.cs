using System.Text.Json;

namespace AiPlatform.Chaos.Promises;

/// <summary>Texts with their vectors by PyTorch in fp32 (mean-pooled and normalized).</summary>
internal static class ReferenceEmbeddings
{
    /// <summary>Largest difference of one component that is accepted.</summary>
    public const float Tolerance = 1e-3f;

    public static IReadOnlyList<(string Text, int Tokens, float[] Vector)> All { get; } = Read();

    /// <summary>The largest absolute difference of a component.</summary>
    public static float LargestDifference(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var largest = 0f;
        for (var i = 0; i < one.Length; i++) largest = Math.Max(largest, Math.Abs(one[i] - other[i]));
        return largest;
    }

    private static List<(string, int, float[])> Read()
    {
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Reference", "embeddings.all-minilm-l6-v2.jsonl"));
        return [.. lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Select(row => (
            row.GetProperty("text").GetString()!,
            row.GetProperty("tokens").GetInt32(),
            row.GetProperty("embedding").EnumerateArray().Select(x => x.GetSingle()).ToArray()))];
    }
}
