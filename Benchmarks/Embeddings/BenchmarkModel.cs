namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>The model whose rows are counted.</summary>
internal static class BenchmarkModel
{
    public const string Name = "all-minilm-l6-v2";

    public static string Folder { get; } = Path.Combine(Checkout.Models, Name);
}
