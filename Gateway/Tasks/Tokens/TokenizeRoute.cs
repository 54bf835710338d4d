using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Tokens;

namespace AiPlatform.Gateway.Tasks.Tokens;

/// <summary><c>POST /v1/tokenize</c>.</summary>
internal sealed class TokenizeRoute : IGatewayTask
{
    public ModelTask Task => TokenizeTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => TokenTypes.Default;

    public JsonObject JobBody => ApiComponents.To(nameof(TokenizeRequest));

    public string AnswerComponent => nameof(TokenList);

    public IStreamForm? Stream => null;

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<TokenizeRequest>()
        .Answers<TokenList>()
        .WithName("tokenize")
        .WithSummary("Turns a text or a chat into tokens of a worker's model")
        .WithDescription(
            "The form is vLLM's. A special token that is written in 'prompt' becomes this special token, as on '/v1/completions'. In the "
            + "contents of 'messages' it is ordinary text, as in a chat.")
        .WithTags("Tokens")
        .WithExample("""{"model":"smollm2-135m-instruct","prompt":"Why is the sky blue?","return_token_strs":true}""");
}
