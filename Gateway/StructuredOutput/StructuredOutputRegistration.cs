namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>Registers the services that compile schemas and check answers.</summary>
internal static class StructuredOutputRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the work on schemas, and the cache of compiled schemas.</summary>
        public void AddStructuredOutput()
        {
            services.AddSingleton<SchemaWork>();
            services.AddSingleton<CompiledSchemas>();
        }
    }
}
