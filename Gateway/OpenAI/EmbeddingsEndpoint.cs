using AiPlatform.Gateway.Admission;
using AiPlatform.Jobs;
using Microsoft.AspNetCore.Mvc;

namespace AiPlatform.Gateway.OpenAI;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal static class EmbeddingsEndpoint
{
    public static void MapEmbeddings(this IEndpointRouteBuilder routes) => routes
        .MapPost(Endpoints.Embeddings, PostAsync)
        .Accepts<EmbeddingRequest>("application/json")
        .WithHeader(IdempotencyHeader.Name, IdempotencyHeader.Description)
        .WithAnswers<EmbeddingList>()
        .WithName("createEmbeddings")
        .WithTags("OpenAI")
        .WithSummary("Turns texts into vectors")
        .WithDescription(
            "OpenAI's embeddings. 'Prefer: respond-async' asks for 202 and a job instead of the answer. X-Request-Timeout is the "
            + "longest wait in seconds, decimals allowed; then 504.");

    private static Task<IResult> PostAsync(
        HttpContext context,
        ModelCalls calls,
        [FromHeader(Name = Preferences.Header)] string? prefer,
        [FromHeader(Name = RequestTimeout.Header)] string? requestTimeout) =>
        calls.AnswerAsync(context, Endpoints.Embeddings, prefer, requestTimeout);
}
