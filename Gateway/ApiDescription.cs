using System.Text.Json;

namespace AiPlatform.Gateway;

/// <summary>The API's description at <c>/openapi/v1.json</c>, made from the routes' own types.</summary>
internal static class ApiDescription
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the document, and the JSON of everything it describes.</summary>
        public void AddApiDescription()
        {
            services.ConfigureHttpJsonOptions(json =>
            {
                json.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default);
                json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            });
            services.AddOpenApi("v1", document =>
            {
                document.AddDocumentTransformer((description, _, _) =>
                {
                    description.Info.Title = "AiPlatform Gateway";
                    description.Info.Description = "Inference as durable jobs: OpenAI's dialect, and jobs of our own.";
                    return Task.CompletedTask;
                });
            });
        }
    }
}
