namespace AiPlatform.Jobs;

/// <summary>The routes whose calls run as jobs.</summary>
public static class Endpoints
{
    public const string Embeddings = "/v1/embeddings";
}
