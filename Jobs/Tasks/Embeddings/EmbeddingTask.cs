namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>Turns texts into vectors.</summary>
public static class EmbeddingTask
{
    public const string Endpoint = "/v1/embeddings";

    public static ModelTask Description { get; } = new()
    {
        Name = "embedding",
        Endpoint = Endpoint,
        Operation = "embeddings",
        OutputTypes = [EmbeddingOutput.ContentType, JobOutput.Json],
        Parse = static body => EmbeddingRequestParser.Parse(body),
    };
}
