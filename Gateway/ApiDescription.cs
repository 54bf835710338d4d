using System.Text.Json.Serialization;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Json;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Problems;
using AiPlatform.Gateway.Tasks;
using AiPlatform.Jobs.Payloads;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway;

/// <summary>The API's description at <c>/openapi/v1.json</c>, made from the routes' own types.</summary>
internal static class ApiDescription
{
    private const string KeyScheme = "apiKey";

    private static readonly string Description =
        "Inference as durable jobs, with OpenAI's API and an API for jobs. "
        + $"A request's body is JSON in UTF-8 (application/json), compressed with {RequestBody.Encodings} or not at all. "
        + $"Its arrays and objects may be nested {RequestJson.MaxDepth} deep, and a field of this description may occur once at most: "
        + "anything else is 400. "
        + "Without API keys the Gateway refuses with 403 requests of web pages of other sites, and requests to a host name that is not "
        + "configured.";

    extension(IServiceCollection services)
    {
        /// <summary>Adds the document, and the JSON of everything it describes.</summary>
        public void AddApiDescription()
        {
            services.ConfigureHttpJsonOptions(json =>
            {
                foreach (var task in GatewayTasks.All) json.SerializerOptions.TypeInfoResolverChain.Insert(0, task.JsonTypes);
                JsonSerializerContext[] known = [JobJson.Default, ProblemJson.Default, OpenAIErrorJson.Default, GatewayJson.Default];
                foreach (var types in known) json.SerializerOptions.TypeInfoResolverChain.Insert(0, types);
                AnswerJson.Configure(json.SerializerOptions);
            });
            services.AddOpenApi("v1", document =>
            {
                document.AddSchemaTransformer((schema, context, _) =>
                {
                    // A converter writes times, so the schema does not know that they are text.
                    var type = context.JsonPropertyInfo?.PropertyType;
                    if (type == typeof(DateTimeOffset)) schema.Type = JsonSchemaType.String;
                    if (type == typeof(DateTimeOffset?)) schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
                    return Task.CompletedTask;
                });
                document.AddDocumentTransformer(async (description, context, cancellationToken) =>
                {
                    description.Info.Title = "AiPlatform Gateway";
                    description.Info.Version = ProductVersion.Text;
                    description.Info.Description = Description;
                    if (context.ApplicationServices.GetRequiredService<ApiKeys>().AreNeeded) DescribeKeys(description);
                    var maxBytes = context.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value.MaxBodyBytes;
                    foreach (var path in description.Paths.Values)
                        foreach (var operation in path.Operations!.Values) Describe(operation, maxBytes);
                    await ApiSchemas.CompleteAsync(description, cancellationToken);
                });
            });
        }
    }

    private static void DescribeKeys(OpenApiDocument description)
    {
        description.AddComponent(KeyScheme, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" });
        description.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, description)] = [] }];
    }

    /// <summary>Describes what all operations have in common; the routes describe the rest.</summary>
    private static void Describe(OpenApiOperation operation, int maxBytes)
    {
        if (operation.RequestBody is OpenApiRequestBody body)
        {
            body.Description = $"One JSON object in UTF-8: at most {maxBytes} bytes, nested at most {RequestJson.MaxDepth} deep, "
                + "no half of a surrogate pair.";
        }

        foreach (var (status, response) in operation.Responses!) response.Description = TextOf(status) ?? response.Description;
        AnswerHeaders.Describe(operation.Responses);
        ApiExamples.Complete(operation);
    }

    /// <summary>The meaning of a status whose name is not clear enough.</summary>
    private static string? TextOf(string status) => status switch
    {
        "202" => "The call is a job now.",
        "400" => "The request is not valid. The message says what to change, and param where.",
        "401" => "The API key is missing or unknown. Only when the Gateway has keys.",
        "403" => "The caller may not do this.",
        "404" => "The thing that the request names does not exist.",
        "408" => "The body came too slowly.",
        "409" => "The job's status does not allow this: it waits, runs, or has a result.",
        "413" => "The body is too large.",
        "415" => "The body is not application/json in UTF-8.",
        "422" => "The request's idempotency key was used for another one, or the model's answer does not fit its schema.",
        "429" => "A limit is reached; try again later.",
        "500" => "The model failed, or the processes that ran the job were lost.",
        "502" => "The provider failed, or its answer cannot be used.",
        "503" => "A service that the request needs is unavailable; try again later.",
        "504" => "There was no answer in time.",
        _ => null,
    };
}
