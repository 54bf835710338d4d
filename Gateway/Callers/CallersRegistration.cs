namespace AiPlatform.Gateway.Callers;

/// <summary>Registers what knows callers by their keys.</summary>
internal static class CallersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the keys, and the check that a Gateway without keys stays on its machine. Wrong keys stop the start.</summary>
        public void AddCallers()
        {
            services.AddSingleton<ApiKeys>();
            services.AddHostedService<AnonymousAccessCheck>();
        }
    }
}
