using AiPlatform.Gateway.Providers.Configuration;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>A model that a provider serves.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Provider">Who serves it.</param>
/// <param name="Options">Its settings.</param>
internal sealed record ProviderModel(string Name, Provider Provider, ProviderModelOptions Options)
{
    private bool _takesStreamOptions = true;

    /// <summary>What the provider calls it.</summary>
    public string UpstreamName { get; } = Options.UpstreamModel ?? Name;

    /// <summary>The queue of its jobs.</summary>
    public QueueName Queue { get; } = QueueName.ForModel(Name);

    /// <summary>
    /// Whether it takes <c>stream_options</c>, as far as is known: a refusal is remembered until the settings are read anew, with which
    /// every model is.
    /// </summary>
    public bool TakesStreamOptions
    {
        get => Volatile.Read(ref _takesStreamOptions);
        set => Volatile.Write(ref _takesStreamOptions, value);
    }

    /// <summary>The SDK's clients of it, which its calls share.</summary>
    public ChatClient Chat { get; } = Provider.Client.GetChatClient(Options.UpstreamModel ?? Name);

    /// <inheritdoc cref="Chat"/>
    public EmbeddingClient Embeddings { get; } = Provider.Client.GetEmbeddingClient(Options.UpstreamModel ?? Name);
}
