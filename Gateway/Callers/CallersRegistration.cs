namespace AiPlatform.Gateway.Callers;

/// <summary>Registers the identification of callers by their keys.</summary>
internal static class CallersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>
        /// Adds the keys, and the check that a Gateway without keys listens on loopback only. Invalid keys stop the start.
        /// </summary>
        public void AddCallers()
        {
            services.AddSingleton<ApiKeys>();
            services.AddHostedService<AnonymousAccessCheck>();
        }
    }
}
