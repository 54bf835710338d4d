using System.Globalization;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>Serves language models that answer chats.</summary>
internal sealed class ChatWorkerTask : IWorkerTask
{
    public string Kind => ChatTask.Kind;

    public IReadOnlyList<string> ManifestFields => ChatManifest.Fields;

    public ModelManifest ReadManifest(ManifestContent content) => new ChatManifest(content);

    /// <summary>Opens the model, which also runs its decoder and compares the results.</summary>
    public string Check(ModelManifest manifest, ExecutionDevice device, ModelOptions options)
    {
        var opened = OpenedChat.Open((ChatManifest)manifest, options, new GenerationOptions { Spin = false }, TimeProvider.System);
        using var decoder = opened.Decoder;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"tokenizer has {opened.Tokenizer.VocabularySize} tokens, chats of {opened.Manifest.MaxTokens} tokens on cpu");
    }

    public ILoadedModel Load(ModelManifest manifest, ModelServices services) =>
        new ChatModel(OpenedChat.Open((ChatManifest)manifest, services.Options, services.Generation, services.Time), services);
}
