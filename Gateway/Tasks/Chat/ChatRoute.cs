using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Gateway.Tasks.Chat;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatRoute : IGatewayTask
{
    public ModelTask Task => ChatTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => ChatTypes.Default;

    /// <summary>A job of a provider's does not stream.</summary>
    public JsonObject JobBody => new()
    {
        ["allOf"] = new JsonArray(
            ApiComponents.To(nameof(ChatRequest)), JsonNode.Parse("""{ "properties": { "stream": { "enum": [false, null] } } }""")),
    };

    public string AnswerComponent => nameof(ChatCompletion);

    public IStreamForm? Stream => null;

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<ChatRequest>()
        .Answers<ChatCompletion>()
        .WithProviderAnswers()
        .WithName("createChatCompletion")
        .WithSummary("Answers a conversation")
        .WithDescription(
            "OpenAI's chat completions, streams included. Fields that are not named here go to the provider as they are. "
            + "An answer to 'json_schema' is validated, and one to 'json_object' is a JSON object; the model is told what is wrong and "
            + "asked again, and what still does not fit is 422. "
            + "A schema that cannot be compiled is 400. A job does not stream: not with 'Prefer: respond-async', nor with an "
            + "Idempotency-Key.")
        .WithTags("OpenAI")
        .WithExample("""{"model":"gpt","messages":[{"role":"user","content":"Why is the sky blue?"}]}""")
        .WithEvents(
            "For 'stream': pieces of the answer, then [DONE]; or, where the stream breaks, an error and no [DONE].",
            ("message", new JsonObject
            {
                ["anyOf"] = new JsonArray(ApiComponents.To("ChatCompletionChunk"), ApiComponents.To(nameof(OpenAIErrorBody))),
            }));

    /// <summary>What providers answer is JSON, and no worker answers yet.</summary>
    public (TaskAnswer? Answer, InferenceError? Error) Read(string model, JobOutput output) => (null, new InferenceError
    {
        Kind = InferenceErrorKind.Internal,
        Message = $"A chat's result is of the type '{output.ContentType}', which this version cannot show.",
    });
}
