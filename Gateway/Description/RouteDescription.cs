using System.Text.Json.Nodes;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Problems;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Description;

/// <summary>
/// Describes inputs that handlers parse themselves, because a parameter's type would describe too little or accept too much.
/// </summary>
internal static class RouteDescription
{
    private const string Json = "application/json";

    /// <summary>The error statuses of calls to a model.</summary>
    private static readonly int[] CallStatuses = [400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504];

    extension(RouteHandlerBuilder route)
    {
        /// <summary>Adds a query parameter to the route's description.</summary>
        public RouteHandlerBuilder WithQuery(string name, string description, IOpenApiSchema schema) =>
            route.WithParameter(name, ParameterLocation.Query, description, schema);

        /// <summary>Adds a header that requests may carry to the route's description.</summary>
        public RouteHandlerBuilder WithHeader(string name, string description, IOpenApiSchema schema) =>
            route.WithParameter(name, ParameterLocation.Header, description, schema);

        /// <summary>Says what a part of the route's path is.</summary>
        public RouteHandlerBuilder WithPath(string name, string description, IOpenApiSchema schema) =>
            route.WithParameter(name, ParameterLocation.Path, description, schema);

        /// <summary>Adds the problems of a native route, besides those that every native route may answer.</summary>
        public RouteHandlerBuilder WithProblems(params int[] statuses) => route.WithMetadata([.. statuses.Select(Problem.Described)]);

        /// <summary>Adds an example of a request body.</summary>
        public RouteHandlerBuilder WithExample(string body) => route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.RequestBody?.Content?[Json] is { } content) content.Example = JsonNode.Parse(body);
            return Task.CompletedTask;
        });

        /// <summary>Shows what the route answers with 200.</summary>
        public RouteHandlerBuilder WithAnswerExample(string body) => route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.Responses?["200"].Content?[Json] is { } content) content.Example = JsonNode.Parse(body);
            return Task.CompletedTask;
        });

        /// <summary>Describes the body of a route whose handler parses it itself.</summary>
        public RouteHandlerBuilder Takes<TRequest>()
            where TRequest : notnull => route.Accepts<TRequest>(Json);

        /// <summary>Describes the 200 of a route.</summary>
        public RouteHandlerBuilder Answers<TAnswer>() => route.Produces<TAnswer>(StatusCodes.Status200OK, Json);

        /// <summary>Adds the errors of a route that calls a model, and the headers of its answers.</summary>
        public RouteHandlerBuilder WithCallErrors(Dialect dialect) => route
            .WithMetadata([.. CallStatuses.Select(dialect.Described)])
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                AnswerHeaders.DescribeCalls(operation.Responses!);
                return Task.CompletedTask;
            });

        /// <summary>Adds the further answers of such a route in OpenAI's dialect if a provider serves the model.</summary>
        public RouteHandlerBuilder WithProviderAnswers() => route
            .WithMetadata(OpenAIError.Described(StatusCodes.Status502BadGateway))
            .AddOpenApiOperationTransformer((operation, context, _) =>
            {
                DescribeRefusals(operation, context.Document!);
                AnswerHeaders.DescribeCalls(operation.Responses!);
                AnswerHeaders.DescribeProviders(operation.Responses!);
                return Task.CompletedTask;
            });

        /// <summary>Describes the server-sent events of a 200, by their names.</summary>
        public RouteHandlerBuilder WithEvents(string description, params (string Name, JsonNode Schema)[] events) =>
            route.AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.Responses!["200"].Content!["text/event-stream"] = new OpenApiMediaType
                {
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = description },
                    Extensions = new Dictionary<string, IOpenApiExtension>
                    {
                        ["x-events"] = new JsonNodeExtension(new JsonObject(
                            [.. events.Select(one => KeyValuePair.Create<string, JsonNode?>(one.Name, one.Schema.DeepClone()))])),
                    },
                };
                return Task.CompletedTask;
            });

        /// <summary>Adds headers of a route's answers, besides those that every route has.</summary>
        public RouteHandlerBuilder WithAnswerHeaders(int status, params string[] names) =>
            route.AddOpenApiOperationTransformer((operation, _, _) =>
            {
                AnswerHeaders.Add(operation.Responses![$"{status}"], isAlwaysThere: true, names);
                return Task.CompletedTask;
            });

        private RouteHandlerBuilder WithParameter(string name, ParameterLocation place, string description, IOpenApiSchema schema) =>
            route.AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.Parameters = [.. (operation.Parameters ?? []).Where(known => known.Name != name), new OpenApiParameter
                {
                    Name = name,
                    In = place,
                    Required = place == ParameterLocation.Path,
                    Description = description,
                    Schema = schema,
                }];
                return Task.CompletedTask;
            });
    }

    /// <summary>Describes that a provider's own refusal is passed on unchanged, whatever its status.</summary>
    private static void DescribeRefusals(OpenApiOperation operation, OpenApiDocument document)
    {
        JsonArray forms = [ApiComponents.To(nameof(OpenAIErrorBody)), ApiComponents.To(ApiComponents.ProviderError)];
        var either = new OpenApiMediaType { Schema = ApiComponents.Parse(new JsonObject { ["anyOf"] = forms }, document) };
        foreach (var status in (string[])["400", "413", "415", "422"])
            if (operation.Responses![status] is OpenApiResponse response) response.Content![Json] = either;
        var refusal = new OpenApiMediaType { Schema = new OpenApiSchemaReference(ApiComponents.ProviderError, document) };
        operation.Responses!["4XX"] = new OpenApiResponse
        {
            Description = "A provider's refusal of the request, as it came.",
            Content = new Dictionary<string, OpenApiMediaType> { [Json] = refusal },
        };
    }
}
