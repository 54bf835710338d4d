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
        .WithSummary("Says which tokens a worker's model makes of a text or a chat")
        .WithDescription(
            "The form is vLLM's. Special tokens that stand in 'prompt' are such tokens, as they are in '/v1/completions'; in the contents "
            + "of 'messages' they are ordinary text, as they are in a chat.")
        .WithTags("Tokens")
        .WithExample("""{"model":"smollm2-135m-instruct","prompt":"Why is the sky blue?","return_token_strs":true}""");
}
