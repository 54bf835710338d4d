namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>Turns texts into vectors.</summary>
public static class EmbeddingTask
{
    /// <summary>What manifests and the catalog call its models.</summary>
    public const string Kind = "embedding";

    public const string Endpoint = "/v1/embeddings";

    public static ModelTask Description { get; } = new()
    {
        Kinds = [Kind],
        Endpoint = Endpoint,
        Operation = "embeddings",
        OutputTypes = [EmbeddingOutput.ContentType, JobOutput.Json],
        Parse = static body => EmbeddingRequestParser.Parse(body),
    };
}
