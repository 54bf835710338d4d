using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Tasks.Generation;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Completions;

namespace AiPlatform.Gateway.Tasks.Completions;

/// <summary><c>POST /v1/completions</c>.</summary>
internal sealed class CompletionRoute : IGatewayTask
{
    public ModelTask Task => CompletionTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => CompletionTypes.Default;

    public JsonObject JobBody => ApiComponents.To(nameof(CompletionRequest));

    public string AnswerComponent => nameof(Completion);

    public IStreamForm? Stream { get; } = new GeneratedStream(CompletionTask.Description);

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<CompletionRequest>()
        .Answers<Completion>()
        .WithName("createCompletion")
        .WithSummary("Continues texts")
        .WithDescription(
            "OpenAI's completions, also as streams, of workers' models; providers' models are for chats only. No chat template is applied. "
            + "A special token that is written in a prompt becomes this special token. 'echo', 'suffix', and a 'best_of' greater than 'n' "
            + "are refused. The choice with the index 'prompt * n + i' is choice i of this prompt. The chunks of a stream are the events "
            + "of its job, and a call that repeats an Idempotency-Key gets the same stream again.")
        .WithTags("OpenAI")
        .WithExample("""{"model":"smollm2-135m-instruct","prompt":"The sky is blue because","max_tokens":32,"temperature":0}""")
        .WithEvents(
            "For 'stream': pieces of the texts, then [DONE]; or, where the stream breaks, an error and no [DONE].",
            ("message", new JsonObject
            {
                ["anyOf"] = new JsonArray(ApiComponents.To("CompletionChunk"), ApiComponents.To(nameof(OpenAIErrorBody))),
            }));
}
