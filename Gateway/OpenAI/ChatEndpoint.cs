using AiPlatform.Jobs;

namespace AiPlatform.Gateway.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal static class ChatEndpoint
{
    public static void MapChat(this IEndpointRouteBuilder routes) => routes
        .MapModelCalls<ChatRequest, ChatCompletion>(Endpoints.ChatCompletions, "text/event-stream")
        .WithName("createChatCompletion")
        .WithSummary("Answers a conversation")
        .WithDescription(
            "OpenAI's chat completions, streams included. Fields that are not named here go to the provider as they are. "
            + "An answer to 'json_schema' is validated, and one to 'json_object' is a JSON object; the model is told what is wrong and asked again, and what still does not fit is 422. "
            + "'Prefer: respond-async' asks for 202 and a job instead of the answer. X-Request-Timeout is the longest wait in seconds, "
            + "decimals allowed; then 504.");
}
