using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Providers.Routing;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Models;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</summary>
internal static class ModelsEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", ListAsync).WithMetadata(Dialect.OpenAI).WithName("listModels").WithTags("OpenAI").WithSummary(
            "Lists the models that can be called")
            .WithDescription(
                "OpenAI's list of models. A worker's model has its task, its limit of tokens (vLLM's 'max_model_len'), and the workers "
                + "and devices that serve it, too. A model that no worker serves at the moment stays in the list for seven days, with "
                + "'available' false. The member 'failures' is not OpenAI's: the model folders that workers could not load, and why.")
            .WithAnswerExample(
                """
                {"object":"list","data":[{"id":"smollm2-135m-instruct","object":"model","created":1730332800,"owned_by":"HuggingFaceTB",
                "served_by":"worker","task":"text-generation","max_model_len":8192,"workers":1,"devices":["cpu"],"running":0,"capacity":16},
                {"id":"gpt-4o-mini","object":"model","created":0,"owned_by":"openai","served_by":"provider"}],"failures":[]}
                """);
        routes.MapGet("/v1/models/{**id}", GetAsync).WithMetadata(Dialect.OpenAI)
            .WithName("retrieveModel").WithTags("OpenAI").WithSummary("Describes one model")
            .WithAnswerExample(
                """
                {"id":"all-minilm-l6-v2","object":"model","created":1730332800,"owned_by":"sentence-transformers","served_by":"worker",
                "task":"embedding","max_model_len":256,"dimensions":384,"workers":2,"devices":["cpu"],"running":3,"capacity":256}
                """)
            .WithPath("id", "The model's name.", new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1 })
            .WithMetadata(OpenAIError.Described(StatusCodes.Status404NotFound));
    }

    private static async Task<Results<Ok<ModelList>, OpenAIError>> ListAsync(
        HttpContext context, ModelCatalog catalog, ProviderCatalog providers, CancellationToken cancellationToken)
    {
        var models = await catalog.ReadAsync(cancellationToken);
        return TypedResults.Ok(new ModelList
        {
            Object = "list",
            Data = ItemsOf(models, providers, context.Caller.IsOperator),
            // Only operators see the workers' errors about their files.
            Failures = context.Caller.IsOperator
                ? [.. models.Failures.Select(failure => new FailedModel { Folder = failure.Folder, Reason = failure.Reason })]
                : [],
        });
    }

    /// <summary>Finds a model. Its name may contain <c>/</c>, plain or escaped; routing does not decode <c>%2F</c>.</summary>
    private static async Task<Results<Ok<ModelItem>, OpenAIError>> GetAsync(
        string id, HttpContext context, ModelCatalog catalog, ProviderCatalog providers, CancellationToken cancellationToken)
    {
        // A slash at the end of the path is ignored, as on all other routes.
        var name = (id.EndsWith('/') ? id[..^1] : id).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (providers.Routes.Find(name) is { } hosted) return TypedResults.Ok(ModelItem.Of(hosted));

        var models = await catalog.ReadForAsync(name, cancellationToken);
        return models.Find(name) is { } model
            ? TypedResults.Ok(ModelItem.Of(model, models.LoadOf(name), context.Caller.IsOperator))
            : new OpenAIError(Refusals.ModelNotFound(name, models.Names));
    }

    private static IReadOnlyList<ModelItem> ItemsOf(KnownModels models, ProviderCatalog providers, bool isForOperator) =>
        [.. models.All.Select(model => ModelItem.Of(model, models.LoadOf(model.Name), isForOperator)),
            .. models.Providers.All.Select(model => ModelItem.Of(model))];
}
