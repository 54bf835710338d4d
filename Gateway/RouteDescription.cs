using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway;

/// <summary>Describes what handlers read by hand, where a type of a parameter would say too little or take too much.</summary>
internal static class RouteDescription
{
    extension(RouteHandlerBuilder route)
    {
        /// <summary>Adds a query parameter to the route's description.</summary>
        public RouteHandlerBuilder WithQuery(string name, string description, OpenApiSchema? schema = null) =>
            route.WithParameter(name, ParameterLocation.Query, description, schema);

        /// <summary>Adds a header that requests may carry to the route's description.</summary>
        public RouteHandlerBuilder WithHeader(string name, string description) =>
            route.WithParameter(name, ParameterLocation.Header, description, schema: null);

        /// <summary>Adds problems that a native route may answer besides those that every one may.</summary>
        public RouteHandlerBuilder WithProblems(params int[] statuses) => route.WithMetadata([.. statuses.Select(Problem.Described)]);

        /// <summary>Says what a route that asks a model may answer: its answer, a job, or an error in OpenAI's form.</summary>
        public RouteHandlerBuilder WithAnswers<TAnswer>(params string[] otherTypes) => route
            .Produces<TAnswer>(StatusCodes.Status200OK, "application/json", otherTypes)
            .Produces<JobResource>(StatusCodes.Status202Accepted, "application/json")
            .WithMetadata([.. OpenAIError.CallStatuses.Select(status => new ProducesResponseTypeMetadata(status, typeof(OpenAIErrorBody), ["application/json"]))]);

        private RouteHandlerBuilder WithParameter(string name, ParameterLocation place, string description, OpenApiSchema? schema) =>
            route.AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = name,
                    In = place,
                    Description = description,
                    Schema = schema ?? new OpenApiSchema { Type = JsonSchemaType.String },
                });
                return Task.CompletedTask;
            });
    }
}
