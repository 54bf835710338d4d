using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace AiPlatform.Gateway.Answers;

/// <summary>Routes whose answer is a C# record.</summary>
internal static class AnswerRoutes
{
    private static readonly int[] Problems = [400, 401, 403, 404, 408, 413, 415, 422, 429, 502, 503, 504];

    extension(IEndpointRouteBuilder routes)
    {
        /// <summary>Maps the built-in routes with typed answers.</summary>
        public void MapAnswers()
        {
            routes.MapAnswer<AskAnswer>("/ask-ai", model: null, "Answer the user's question.")
                .WithName("askAi").WithSummary("Answers a question");
            routes.MapAnswer<GenerateAnswer>("/generate", model: null, "Summarize the user's text, judge its mood, and tag it.")
                .WithName("generate").WithSummary("Summarizes a text, judges its mood, and tags it");
        }

        /// <summary>
        /// Maps <c>POST route {"prompt": "…"}</c>, whose answer is a <typeparamref name="T"/>. Its JSON Schema is sent to the model,
        /// validates the reply, and is the route's type in the API's description.
        /// </summary>
        /// <typeparam name="T">A record, with DataAnnotations for rules that its types do not express.</typeparam>
        /// <param name="route">Such as <c>/review</c>.</param>
        /// <param name="model">The model to ask, a key of the section <c>Models</c>; null for <c>Answers:Model</c>.</param>
        /// <param name="instructions">The instructions for the model: what to do with the prompt.</param>
        /// <exception cref="InvalidOperationException">The record cannot be a contract; the message says why.</exception>
        public RouteHandlerBuilder MapAnswer<T>(string route, string? model, string instructions)
            where T : class
        {
            var contract = new AnswerContract<T>();
            return routes
                .MapPost(route,
                    (HttpContext context, AnswerCalls calls) => calls.AnswerAsync(context, route, model, instructions, contract))
                .WithMetadata(Dialect.Native)
                .Accepts<PromptRequest>("application/json")
                .WithHeader(
                    RequestTimeout.Header, "The longest wait in seconds, decimals allowed; then 504. It can only shorten Answers:Timeout.",
                    RequestTimeout.Schema)
                .WithExample("""{"prompt":"Why is the sky blue?"}""")
                .WithProblems(Problems)
                .WithTags("Answers")
                .AddOpenApiOperationTransformer((operation, context, _) => DescribeAsync(operation, context.Document!, contract));
        }
    }

    /// <summary>Describes the answer by the contract's own schema.</summary>
    private static Task DescribeAsync<T>(OpenApiOperation operation, OpenApiDocument document, AnswerContract<T> contract)
        where T : class
    {
        // A recursive reference begins at the root of the schema, which is not the root of the API document.
        var text = contract.Schema.ToJsonString().Replace(
            "\"$ref\":\"#", $"\"$ref\":\"#/components/schemas/{contract.Name}", StringComparison.Ordinal);
        var schema = OpenApiModelFactory.Parse<OpenApiSchema>(text, OpenApiSpecVersion.OpenApi3_1, document, out _, OpenApiConstants.Json)!;
        document.AddComponent<IOpenApiSchema>(contract.Name, schema);
        operation.Responses ??= [];
        operation.Responses["200"] = new OpenApiResponse
        {
            Description = "OK",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = new OpenApiSchemaReference(contract.Name, document) },
            },
        };
        return Task.CompletedTask;
    }
}
