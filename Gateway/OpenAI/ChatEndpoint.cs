using System.Text.Json.Nodes;
using AiPlatform.Gateway.Description;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Gateway.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal static class ChatEndpoint
{
    public static void MapChat(this IEndpointRouteBuilder routes) => routes
        .MapModelCalls<ChatRequest, ChatCompletion>(ChatTask.Description)
        .WithName("createChatCompletion")
        .WithSummary("Answers a conversation")
        .WithDescription(
            "OpenAI's chat completions, streams included. Fields that are not named here go to the provider as they are. "
            + "An answer to 'json_schema' is validated, and one to 'json_object' is a JSON object; the model is told what is wrong and "
            + "asked again, and what still does not fit is 422. "
            + "A schema that cannot be compiled is 400. A job does not stream: not with 'Prefer: respond-async', nor with an "
            + "Idempotency-Key.")
        .WithExample("""{"model":"gpt","messages":[{"role":"user","content":"Why is the sky blue?"}]}""")
        .WithEvents(
            "For 'stream': pieces of the answer, then [DONE]; or, where the stream breaks, an error and no [DONE].",
            ("message", new JsonObject
            {
                ["anyOf"] = new JsonArray(ApiSchemas.To("ChatCompletionChunk"), ApiSchemas.To(nameof(OpenAIErrorBody))),
            }));
}
