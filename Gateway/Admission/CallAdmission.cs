using AiPlatform.Gateway.Catalog;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Admission;

/// <summary>Decides whether a call may become a job, the same way for the synchronous route and for <c>/v1/jobs</c>.</summary>
internal sealed class CallAdmission(ModelCatalog catalog)
{
    private const string EmbeddingTask = "embedding";

    // :: Step 2: validate. The request's own form first, then what its model says: it is served, gives embeddings, and has the dimensions.
    /// <summary>Validates an embedding request. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">The model is not known here, and Redis does not serve.</exception>
    public async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitEmbeddingsAsync(
        ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var (request, wrong) = EmbeddingRequestParser.Parse(body.Span);
        if (request is null) return (null, wrong);

        var models = await catalog.ReadForAsync(request.Model, cancellationToken);
        if (models.Find(request.Model) is not { } model) return (null, Refusals.ModelNotFound(request.Model, models.All));

        return Check(request, model) is { } misfit
            ? (null, misfit)
            : (new AdmittedCall(Endpoints.Embeddings, model.Name, body), null);
    }

    private static InferenceError? Check(EmbeddingCall request, ModelDescriptor model)
    {
        if (model.Task != EmbeddingTask)
            return InferenceError.Invalid("model", $"The model '{model.Name}' does {model.Task}, not {EmbeddingTask}.");

        return request.Dimensions > model.Dimensions
            ? InferenceError.Invalid(
                "dimensions", $"dimensions is {request.Dimensions}; the model '{model.Name}' has {model.Dimensions}. Ask for at most {model.Dimensions}.")
            : null;
    }
}
