namespace AiPlatform.Gateway.Callers;

/// <summary>Registers what knows callers by their keys.</summary>
internal static class CallersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the keys, and the check that a Gateway without keys stays on its machine.</summary>
        public void AddCallers()
        {
            services.AddOptionsWithValidateOnStart<ApiKeyOptions>()
                .Configure<IConfiguration>((options, configuration) =>
                    options.Keys = ApiKeyReader.Read(configuration.GetSection(ApiKeyOptions.SectionName)));
            services.AddSingleton<ApiKeys>();
            services.AddHostedService<AnonymousAccessCheck>();
        }
    }
}
