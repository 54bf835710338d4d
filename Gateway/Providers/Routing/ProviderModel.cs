using AiPlatform.Gateway.Providers.Configuration;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>A model that a provider serves.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Provider">The provider that serves it.</param>
/// <param name="Options">Its settings.</param>
internal sealed record ProviderModel(string Name, Provider Provider, ProviderModelOptions Options)
{
    private bool _takesStreamOptions = true;

    /// <summary>The provider's name for it.</summary>
    public string UpstreamName { get; } = Options.UpstreamModel ?? Name;

    /// <summary>The queue of its jobs.</summary>
    public QueueName Queue { get; } = QueueName.ForProvider(Name);

    /// <summary>
    /// Whether it accepts <c>stream_options</c>, as far as is known. A refusal is remembered until the settings are read again, which
    /// creates all models anew.
    /// </summary>
    public bool TakesStreamOptions
    {
        get => Volatile.Read(ref _takesStreamOptions);
        set => Volatile.Write(ref _takesStreamOptions, value);
    }

    /// <summary>The SDK's client of this model, which its calls share.</summary>
    public ChatClient Chat { get; } = Provider.Client.GetChatClient(Options.UpstreamModel ?? Name);

    /// <inheritdoc cref="Chat"/>
    public EmbeddingClient Embeddings { get; } = Provider.Client.GetEmbeddingClient(Options.UpstreamModel ?? Name);
}
