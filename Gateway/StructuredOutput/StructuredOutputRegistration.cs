namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>Registers what compiles schemas and checks answers.</summary>
internal static class StructuredOutputRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the work with schemas, and the schemas that are kept.</summary>
        public void AddStructuredOutput()
        {
            services.AddSingleton<SchemaWork>();
            services.AddSingleton<CompiledSchemas>();
        }
    }
}
