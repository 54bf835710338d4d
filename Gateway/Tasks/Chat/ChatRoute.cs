using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Tasks.Generation;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Gateway.Tasks.Chat;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatRoute : IGatewayTask
{
    public ModelTask Task => ChatTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => ChatTypes.Default;

    public JsonObject JobBody => ApiComponents.To(nameof(ChatRequest));

    public string AnswerComponent => nameof(ChatCompletion);

    public IStreamForm? Stream { get; } = new GeneratedStream(ChatTask.Description);

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<ChatRequest>()
        .Answers<ChatCompletion>()
        .WithProviderAnswers()
        .WithName("createChatCompletion")
        .WithSummary("Answers a conversation")
        .WithDescription(
            "OpenAI's chat completions, also as streams, of workers' models and of providers' models. "
            + "For a provider's model, fields that are not described here are passed to the provider unchanged. "
            + "An answer to 'json_schema' is validated, and one to 'json_object' is a JSON object; the model is told what is wrong and "
            + "asked again, and what still does not fit is 422. "
            + "A schema that cannot be compiled is 400. Its jobs do not stream: not with 'Prefer: respond-async', nor with an "
            + "Idempotency-Key. "
            + "A worker's model is held to its 'response_format', also to 'regex' and 'grammar', which are types of our own, and calls "
            + "tools. Its jobs stream: their chunks are the events of the job, and a call that repeats an Idempotency-Key gets the same "
            + "stream again.")
        .WithTags("OpenAI")
        .WithExample("""{"model":"gpt","messages":[{"role":"user","content":"Why is the sky blue?"}]}""")
        .WithEvents(
            "For 'stream': pieces of the answer, then [DONE]; or, where the stream breaks, an error and no [DONE].",
            ("message", new JsonObject
            {
                ["anyOf"] = new JsonArray(ApiComponents.To("ChatCompletionChunk"), ApiComponents.To(nameof(OpenAIErrorBody))),
            }));
}
