using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>A model that computes nothing: an embedding call of 200 bytes has a constant result of 200 bytes.</summary>
internal static class NoopModel
{
    public const string Name = "noop";

    /// <summary>Bytes of a job's body, and of its result.</summary>
    public const int PayloadBytes = 200;

    private const int Dimensions = 46;
    private const int Tokens = 3;

    public static QueueName Queue { get; } = QueueName.ForModel(Name);

    public static ModelDescriptor Descriptor { get; } = new()
    {
        Name = Name,
        Task = "embedding",
        MaxTokens = 256,
        Dimensions = Dimensions,
        Created = 1_700_000_000,
        OwnedBy = "benchmark",
    };

    /// <summary>The body of an embedding call, <see cref="PayloadBytes"/> long.</summary>
    public static byte[] Body { get; } = MakeBody();

    public static JobOutcome Outcome { get; } = JobOutcome.Success(
        new JobOutput(EmbeddingOutput.ContentType, EmbeddingOutput.Create(1, Dimensions, Tokens, EmbeddingFormat.Base64)),
        $$"""{"prompt_tokens":{{Tokens}},"total_tokens":{{Tokens}}}""");

    private static byte[] MakeBody()
    {
        const string Start = $$"""{"model":"{{Name}}","encoding_format":"base64","input":""";
        return Encoding.UTF8.GetBytes($"{Start}\"{new string('p', PayloadBytes - Start.Length - 3)}\"}}");
    }
}
