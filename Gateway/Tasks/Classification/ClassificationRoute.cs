using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.Gateway.Tasks.Classification;

/// <summary><c>POST /v1/classify</c>.</summary>
internal sealed class ClassificationRoute : IGatewayTask
{
    public ModelTask Task => ClassificationTask.Description;

    public Dialect Dialect => Dialect.OpenAI;

    public IJsonTypeInfoResolver JsonTypes => ClassificationTypes.Default;

    public JsonObject JobBody => ApiComponents.To(nameof(ClassificationRequest));

    public string AnswerComponent => nameof(ClassificationList);

    public IStreamForm? Stream => null;

    public void Describe(RouteHandlerBuilder route) => route
        .Takes<ClassificationRequest>()
        .Answers<ClassificationList>()
        .WithName("classify")
        .WithSummary("Classifies texts, or pairs of texts")
        .WithDescription("The labels are those of the model's manifest. Requests and errors have the form of OpenAI's embeddings.")
        .WithTags("Classification")
        .WithExample("""{"model":"reranker","input":[["Why is the sky blue?","Air scatters blue light."]],"top_n":1}""");

    public (TaskAnswer? Answer, InferenceError? Error) Read(string model, JobOutput output)
    {
        try
        {
            return (new ClassificationAnswer(model, ClassificationOutput.Parse(output.Content)), null);
        }
        catch (FormatException unreadable)
        {
            return (null, new InferenceError { Kind = InferenceErrorKind.Internal, Message = unreadable.Message });
        }
    }
}
