namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Registers what runs jobs.</summary>
internal static class ConsumersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>The handler of every endpoint that this worker runs.</summary>
        public IServiceCollection AddEndpointHandlers()
        {
            services.AddSingleton<IEndpointHandler, EmbeddingHandler>();
            return services;
        }
    }
}
