using AiPlatform.Gateway.Admission;
using AiPlatform.Jobs;
using Microsoft.AspNetCore.Mvc;

namespace AiPlatform.Gateway.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal static class ChatEndpoint
{
    public static void MapChat(this IEndpointRouteBuilder routes) => routes
        .MapPost(Endpoints.ChatCompletions, PostAsync)
        .Accepts<ChatRequest>("application/json")
        .WithHeader(IdempotencyHeader.Name, IdempotencyHeader.Description)
        .WithAnswers<ChatCompletion>("text/event-stream")
        .WithName("createChatCompletion")
        .WithTags("OpenAI")
        .WithSummary("Answers a conversation")
        .WithDescription(
            "OpenAI's chat completions, streams included. Fields that are not named here go to the provider as they are. "
            + "'json_schema' is not served yet (400). 'Prefer: respond-async' asks for 202 and a job instead of the answer. X-Request-Timeout is the longest wait in seconds, "
            + "decimals allowed; then 504.");

    private static Task<IResult> PostAsync(
        HttpContext context,
        ModelCalls calls,
        [FromHeader(Name = Preferences.Header)] string? prefer,
        [FromHeader(Name = RequestTimeout.Header)] string? requestTimeout) =>
        calls.AnswerAsync(context, Endpoints.ChatCompletions, prefer, requestTimeout);
}
