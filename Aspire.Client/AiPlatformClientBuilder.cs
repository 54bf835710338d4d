using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AiPlatform.Client.Hosting;

/// <summary>Registers what is made of a client.</summary>
public sealed class AiPlatformClientBuilder
{
    private readonly IServiceCollection _services;

    internal AiPlatformClientBuilder(IHostApplicationBuilder builder, string? serviceKey)
    {
        (_services, ServiceKey) = (builder.Services, serviceKey);
    }

    /// <summary>The key of the registered services; null for services without one.</summary>
    public string? ServiceKey { get; }

    /// <summary>Registers an <see cref="IChatClient"/>.</summary>
    /// <param name="model">The model; null for that of the connection string.</param>
    /// <param name="isDurable">Whether each chat is a job, which survives restarts.</param>
    public AiPlatformClientBuilder AddChatClient(string? model = null, bool isDurable = false) =>
        Add(client => isDurable ? client.GetDurableChatClient(model) : client.GetChatClient(model));

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of texts.</summary>
    /// <param name="model">The model; null for that of the connection string.</param>
    /// <param name="dimensions">The length of the vectors; the model's own when null.</param>
    public AiPlatformClientBuilder AddEmbeddingGenerator(string? model = null, int? dimensions = null) =>
        Add(client => client.GetEmbeddingGenerator(model, dimensions));

    private AiPlatformClientBuilder Add<T>(Func<AiPlatformClient, T> make)
        where T : class
    {
        _services.AddKeyedSingleton(ServiceKey, (services, key) => make(services.GetRequiredKeyedService<AiPlatformClient>(key)));
        _services.AddSingleton<IHostedService>(services => new StartCheck(() => services.GetRequiredKeyedService<T>(ServiceKey)));
        return this;
    }
}
