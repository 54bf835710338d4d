using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Tokens;

namespace AiPlatform.Gateway.Tasks.Tokens;

/// <summary><c>POST /v1/detokenize</c>.</summary>
internal sealed class DetokenizeRoute : IGatewayTask
{
    public ModelTask Task => DetokenizeTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => TokenTypes.Default;

    public JsonObject JobBody => ApiComponents.To(nameof(DetokenizeRequest));

    public string AnswerComponent => nameof(TokenText);

    public IStreamForm? Stream => null;

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<DetokenizeRequest>()
        .Answers<TokenText>()
        .WithName("detokenize")
        .WithSummary("Turns tokens of a worker's model into text")
        .WithDescription("The form is vLLM's. The text has the names of special tokens.")
        .WithTags("Tokens")
        .WithExample("""{"model":"smollm2-135m-instruct","tokens":[504,6376,314,6066]}""");
}
