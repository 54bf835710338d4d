using AiPlatform.Jobs;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace AiPlatform.Gateway.Providers;

/// <summary>A model that a provider serves.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Provider">Who serves it.</param>
/// <param name="Options">Its settings.</param>
internal sealed record ProviderModel(string Name, Provider Provider, ProviderModelOptions Options)
{
    /// <summary>What the provider calls it.</summary>
    public string UpstreamName { get; } = Options.UpstreamModel ?? Name;

    /// <summary>The queue of its jobs.</summary>
    public QueueName Queue { get; } = QueueName.ForModel(Name);

    /// <summary>The SDK's clients of it, which its calls share.</summary>
    public ChatClient Chat { get; } = Provider.Client.GetChatClient(Options.UpstreamModel ?? Name);

    /// <inheritdoc cref="Chat"/>
    public EmbeddingClient Embeddings { get; } = Provider.Client.GetEmbeddingClient(Options.UpstreamModel ?? Name);
}
