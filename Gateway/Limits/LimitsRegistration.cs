using AiPlatform.Gateway.Configuration;

namespace AiPlatform.Gateway.Limits;

/// <summary>Registers the limits of tenants and keys.</summary>
internal static class LimitsRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the limits. Invalid ones stop the start.</summary>
        public void AddLimits()
        {
            services.AddOptionsWithValidateOnStart<LimitsOptions, LimitsOptionsValidator>().BindConfiguration(LimitsOptions.SectionName);
            services.AddSingleton<CallSlots>();
            services.AddHostedService(provider => provider.GetRequiredService<CallSlots>());
            services.AddActivatedSingleton<LimitMetrics>();
            services.AddSingleton<CallLimiter>();
        }
    }
}
