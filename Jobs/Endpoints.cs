namespace AiPlatform.Jobs;

/// <summary>The routes whose calls run as jobs.</summary>
public static class Endpoints
{
    public const string Embeddings = "/v1/embeddings";

    public const string ChatCompletions = "/v1/chat/completions";

    /// <summary>What a route's calls are in OpenTelemetry's GenAI conventions: <c>embeddings</c> or <c>chat</c>.</summary>
    public static string OperationOf(string endpoint) => endpoint == Embeddings ? "embeddings" : "chat";

    /// <summary>The name as a string, without making a new one where it is known.</summary>
    internal static string Known(ReadOnlySpan<char> name) => name switch
    {
        Embeddings => Embeddings,
        ChatCompletions => ChatCompletions,
        _ => name.ToString(),
    };
}
