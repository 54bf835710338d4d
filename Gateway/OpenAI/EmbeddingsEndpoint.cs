using AiPlatform.Jobs;

namespace AiPlatform.Gateway.OpenAI;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal static class EmbeddingsEndpoint
{
    public static void MapEmbeddings(this IEndpointRouteBuilder routes) => routes
        .MapModelCalls<EmbeddingRequest, EmbeddingList>(Endpoints.Embeddings)
        .WithName("createEmbeddings")
        .WithSummary("Turns texts into vectors")
        .WithDescription(
            "OpenAI's embeddings. 'Prefer: respond-async' asks for 202 and a job instead of the answer. X-Request-Timeout is the "
            + "longest wait in seconds, decimals allowed; then 504.");
}
