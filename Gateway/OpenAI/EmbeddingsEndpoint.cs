using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.OpenAI;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal static class EmbeddingsEndpoint
{
    public static void MapEmbeddings(this IEndpointRouteBuilder routes) => routes
        .MapModelCalls<EmbeddingRequest, EmbeddingList>(EmbeddingTask.Description)
        .WithName("createEmbeddings")
        .WithSummary("Turns texts into vectors")
        .WithDescription(
            "OpenAI's embeddings. Of a model that a provider serves, the provider judges the fields besides 'model' and 'input', and the "
            + "single inputs.")
        .WithExample("""{"model":"all-minilm-l6-v2","input":"The sky is blue."}""");
}
