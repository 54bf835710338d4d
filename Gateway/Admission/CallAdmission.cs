using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Gateway.Admission;

/// <summary>Decides whether a call may be run, in the same way for the synchronous routes and for <c>/v1/jobs</c>.</summary>
internal sealed class CallAdmission(ModelCatalog catalog, ProviderCatalog providers, CompiledSchemas schemas, GrammarAdmission grammars)
{
    // :: Step 2: validate. First the form of the request, then its model: whether it is served, has this task, and can run the request.
    /// <summary>Validates a request of a task. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">The Gateway does not know the model, and Redis does not serve.</exception>
    public async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitAsync(
        ModelTask task, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var routes = providers.Routes;
        if (!ProviderRequestParser.Takes(task) || ProviderOf(routes, body.Span) is not { } model)
            return await AdmitOwnAsync(task, body, cancellationToken);

        var (request, wrong) = ProviderRequestParser.Parse(task.Endpoint, body);
        return request is null ? (null, wrong) : await AdmitAsync(task, request, routes.CandidatesFor(model), cancellationToken);
    }

    /// <summary>Admits one leg of a call. A worker's model is called with its own name.</summary>
    /// <inheritdoc cref="AdmitAsync(ModelTask, ReadOnlyMemory{byte}, CancellationToken)"/>
    public async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitAsync(
        ModelTask task, RouteLeg leg, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var (request, wrong) = ProviderRequestParser.Parse(task.Endpoint, body, takesOwnFormats: leg.Candidates.Count == 0);
        if (request is null) return (null, wrong);
        return leg.Candidates.Count > 0
            ? await AdmitAsync(task, request, leg.Candidates, cancellationToken)
            : await AdmitOwnAsync(task, UpstreamBody.WithModel(request, leg.Model), cancellationToken);
    }

    /// <summary>The legs of a call, where it has more than one; empty for all other calls.</summary>
    public IReadOnlyList<RouteLeg> LegsOf(ModelTask task, ReadOnlySpan<byte> body) =>
        providers.Routes is { HaveLegs: true } routes && ProviderRequestParser.Takes(task) && RequestJson.ModelOf(body) is { } name
            ? routes.LegsOf(name) : [];

    /// <summary>The model, where a provider serves it; only its name is read.</summary>
    private static ProviderModel? ProviderOf(ProviderRoutes routes, ReadOnlySpan<byte> body) =>
        routes.All.Count > 0 && RequestJson.ModelOf(body) is { } name ? routes.Find(name) : null;

    private async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitAsync(
        ModelTask task, ProviderRequest request, IReadOnlyList<ProviderModel> candidates, CancellationToken cancellationToken)
    {
        AnswerSchema? fitting = null;
        InferenceError? wrong = null;
        if (request.Schema is { } schema)
            (fitting, wrong) = await schemas.CompileAsync(schema, candidates[0].Options.AssertFormats, cancellationToken);
        IAnswerCheck? check = request.WantsJsonObject ? JsonObjectCheck.Instance : fitting;
        return wrong is null
            ? (new AdmittedCall(task, request.Model, request.Body, new RoutedRequest(request, candidates, check)), null)
            : (null, wrong);
    }

    /// <summary>Validates a request for a model of our own workers.</summary>
    private async ValueTask<(AdmittedCall? Call, InferenceError? Error)> AdmitOwnAsync(
        ModelTask task, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var (request, wrong) = task.Parse(body.Span);
        if (request is null) return (null, wrong);

        var models = await catalog.ReadForAsync(request.Model, cancellationToken);
        if (models.Find(request.Model) is not { } model)
        {
            // Providers serve only the tasks of OpenAI's dialect. The model's name may be that of a provider's model.
            return (null, models.Providers.Find(request.Model) is null
                ? Refusals.ModelNotFound(request.Model, models.Names)
                : InferenceError.Invalid(
                    "model", $"The model '{request.Model}' is a provider's: '{task.Endpoint}' is for workers' models only."));
        }

        if (!task.Kinds.Contains(model.Task)) return (null, OtherTask(model.Name, model.Task, task));
        if (request.Check(model) is { } misfit) return (null, misfit);
        if (request is GenerationCall generation && await grammars.CheckAsync(generation, body, cancellationToken) is { } refused)
            return (null, refused);

        return (new AdmittedCall(task, model.Name, body)
        {
            Cost = request.Cost(body.Length),
            Tokens = request.MostTokens(body.Length),
            ResultBytes = request.ResultBytes(model),
            Streams = request.Streams,
        }, null);
    }

    private static InferenceError OtherTask(string model, string does, ModelTask asked) =>
        InferenceError.Invalid("model", $"The model '{model}' does {does}, not {string.Join(" or ", asked.Kinds)}.");
}
