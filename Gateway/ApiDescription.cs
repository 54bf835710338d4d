using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Jobs.Payloads;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway;

/// <summary>The API's description at <c>/openapi/v1.json</c>, made from the routes' own types.</summary>
internal static class ApiDescription
{
    private const string KeyScheme = "apiKey";

    extension(IServiceCollection services)
    {
        /// <summary>Adds the document, and the JSON of everything it describes.</summary>
        public void AddApiDescription()
        {
            services.ConfigureHttpJsonOptions(json =>
            {
                json.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default);
                GatewayJson.Configure(json.SerializerOptions);
            });
            services.AddOpenApi("v1", document =>
            {
                document.AddDocumentTransformer((description, context, _) =>
                {
                    description.Info.Title = "AiPlatform Gateway";
                    description.Info.Description = "Inference as durable jobs: OpenAI's dialect, and jobs of our own.";
                    if (context.ApplicationServices.GetRequiredService<ApiKeys>().AreNeeded) DescribeKeys(description);
                    return Task.CompletedTask;
                });
                document.AddSchemaTransformer((schema, context, _) =>
                {
                    if (context.JsonPropertyInfo is { } property) Describe(schema, property);
                    return Task.CompletedTask;
                });
            });
        }
    }

    private static void DescribeKeys(OpenApiDocument description)
    {
        description.AddComponent(KeyScheme, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" });
        description.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, description)] = [] }];
    }

    /// <summary>Says what the types of fields that are read or written by hand cannot say.</summary>
    private static void Describe(OpenApiSchema schema, JsonPropertyInfo property)
    {
        var tokens = ArrayOf(new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" }, EmbeddingInput.MaxItems);
        var text = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1 };
        switch (property.DeclaringType.Name, property.Name)
        {
            case (nameof(EmbeddingRequest), "input"):
                schema.OneOf = [text, ArrayOf(text, EmbeddingInput.MaxItems), tokens, ArrayOf(ArrayOf(tokens.Items!), EmbeddingInput.MaxItems)];
                break;
            case (nameof(EmbeddingRequest), "encoding_format"):
                schema.Enum = ["float", "base64", null!];
                break;
            case (nameof(EmbeddingItem), "embedding"):
                schema.OneOf = [ArrayOf(new OpenApiSchema { Type = JsonSchemaType.Number }), text];
                break;
            case (nameof(JobRequest), "body"):
                schema.Type = JsonSchemaType.Object;
                break;
            case (nameof(JobResource), "output" or "usage" or "metadata" or "progress"):
                schema.Type = JsonSchemaType.Object | JsonSchemaType.Null;
                break;
        }

        if (property.PropertyType == typeof(DateTimeOffset)) schema.Type = JsonSchemaType.String;
        if (property.PropertyType == typeof(DateTimeOffset?)) schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
    }

    private static OpenApiSchema ArrayOf(IOpenApiSchema items, int? most = null) =>
        new() { Type = JsonSchemaType.Array, Items = items, MinItems = 1, MaxItems = most };
}
