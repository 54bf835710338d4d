using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingRoute : IGatewayTask
{
    public ModelTask Task => EmbeddingTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => EmbeddingTypes.Default;

    public JsonObject JobBody => ApiComponents.To(nameof(EmbeddingRequest));

    public string AnswerComponent => nameof(EmbeddingList);

    public IStreamForm? Stream => null;

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<EmbeddingRequest>()
        .Answers<EmbeddingList>()
        .WithProviderAnswers()
        .WithName("createEmbeddings")
        .WithSummary("Turns texts into vectors")
        .WithDescription(
            "OpenAI's embeddings. For a provider's model, the provider checks all fields but 'model' and 'input', and each input.")
        .WithTags("OpenAI")
        .WithExample("""{"model":"all-minilm-l6-v2","input":"The sky is blue."}""");

    public (TaskAnswer? Answer, InferenceError? Error) Read(string model, JobOutput output)
    {
        var (read, unusable) = StoredEmbeddings.Read(output);
        return read is { } embeddings ? (new EmbeddingAnswer(model, embeddings), null) : (null, unusable);
    }
}
