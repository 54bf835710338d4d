using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Admission;

/// <summary>Decides whether a call may be run, the same way for the synchronous routes and for <c>/v1/jobs</c>.</summary>
internal sealed class CallAdmission(ModelCatalog catalog, ProviderCatalog providers, CompiledSchemas schemas)
{
    private const string EmbeddingTask = "embedding";

    // :: Step 2: validate. The request's own form first, then what its model says: it is served, does this, and has the dimensions.
    /// <summary>Validates a request of an endpoint. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">The model is not known here, and Redis does not serve.</exception>
    public async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitAsync(
        string endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var routes = providers.Routes;
        if (endpoint == Endpoints.Embeddings && !IsFor(routes, body.Span)) return await AdmitEmbeddingsAsync(body, cancellationToken);

        var (request, wrong) = ProviderRequestParser.Parse(endpoint, body);
        if (request is null) return (null, wrong);
        return routes.Find(request.Model) is { } model
            ? await AdmitAsync(request, routes.CandidatesFor(model), cancellationToken)
            : (null, await NoChatAsync(request.Model, cancellationToken));
    }

    /// <summary>Whether a provider serves the model; only its name is read.</summary>
    private static bool IsFor(ProviderRoutes routes, ReadOnlySpan<byte> body) =>
        routes.All.Count > 0 && RequestJson.ModelOf(body) is { } name && routes.Find(name) is not null;

    private async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitAsync(
        ProviderRequest request, IReadOnlyList<ProviderModel> candidates, CancellationToken cancellationToken)
    {
        AnswerSchema? fitting = null;
        InferenceError? wrong = null;
        if (request.Schema is { } schema)
            (fitting, wrong) = await schemas.CompileAsync(schema, candidates[0].Options.AssertFormats, cancellationToken);
        IAnswerCheck? check = request.WantsJsonObject ? JsonObjectCheck.Instance : fitting;
        return wrong is null
            ? (new AdmittedCall(request.Endpoint, request.Model, request.Body, new ProviderRoute(request, candidates, check)), null)
            : (null, wrong);
    }

    private async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitEmbeddingsAsync(
        ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var (request, wrong) = EmbeddingRequestParser.Parse(body.Span);
        if (request is null) return (null, wrong);

        var models = await catalog.ReadForAsync(request.Model, cancellationToken);
        if (models.Find(request.Model) is not { } model) return (null, Refusals.ModelNotFound(request.Model, models.Names));

        return Check(request, model) is { } misfit
            ? (null, misfit)
            : (new AdmittedCall(Endpoints.Embeddings, model.Name, body) { ResultBytes = ResultBytes(request, model) }, null);
    }

    private static long ResultBytes(EmbeddingCall request, ModelDescriptor model) =>
        (long)request.Rows * Math.Max(0, request.Dimensions ?? model.Dimensions ?? 0) * sizeof(float);

    private async ValueTask<InferenceError> NoChatAsync(string name, CancellationToken cancellationToken)
    {
        var models = await catalog.ReadForAsync(name, cancellationToken);
        return models.Find(name) is { } model
            ? InferenceError.Invalid("model", $"The model '{model.Name}' does {model.Task}, not chat.")
            : Refusals.ModelNotFound(name, models.Names);
    }

    private static InferenceError? Check(EmbeddingCall request, ModelDescriptor model)
    {
        if (model.Task != EmbeddingTask)
            return InferenceError.Invalid("model", $"The model '{model.Name}' does {model.Task}, not {EmbeddingTask}.");

        return request.Dimensions > model.Dimensions
            ? InferenceError.Invalid(
                "dimensions",
                $"dimensions is {request.Dimensions}; the model '{model.Name}' has {model.Dimensions}. Ask for at most {model.Dimensions}.")
            : null;
    }
}
