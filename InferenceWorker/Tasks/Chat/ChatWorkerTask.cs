using System.Globalization;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>Serves language models that answer chats.</summary>
internal sealed class ChatWorkerTask : IWorkerTask
{
    public string Kind => ChatTask.Kind;

    public IReadOnlyList<string> ManifestFields => ChatManifest.Fields;

    public IReadOnlyList<string> SideFiles { get; } =
        [ChatManifest.DecoderConfigFile, ChatTemplateFiles.ConfigFile, ChatTemplateFiles.TemplateFile];

    public void Complete(ManifestDraft draft)
    {
        if (draft.Folder.Has(ChatManifest.DecoderConfigFile) && (draft.Lacks("model") || draft.Lacks("max_tokens")))
        {
            var config = DecoderConfigReader.Read(draft.Folder.Path);
            draft.Add("model", config.Model, ChatManifest.DecoderConfigFile);
            draft.Add("max_tokens", config.ContextLength, ChatManifest.DecoderConfigFile);
        }

        draft.Add("description", $"Chats of {draft.WholeOf("max_tokens")} tokens", ManifestDraft.Usual);
    }

    public ModelManifest ReadManifest(ManifestContent content) => new ChatManifest(content);

    /// <summary>Opens the model, which also runs its decoder and compares the results.</summary>
    public string Check(ModelManifest manifest, ExecutionDevice device, ModelOptions options)
    {
        var opened = OpenedChat.Open(
            (ChatManifest)manifest, device, options, new GenerationOptions { Spin = false }, TimeProvider.System);
        using var decoder = opened.Decoder;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"tokenizer has {opened.Tokenizer.VocabularySize} tokens, chats of {opened.Manifest.MaxTokens} tokens on {opened.Device.Name}"
            + $"{WhyNot(device, opened)}");
    }

    public ILoadedModel Load(ModelManifest manifest, ModelServices services)
    {
        var opened = OpenedChat.Open(
            (ChatManifest)manifest, services.Device, services.Options, services.Generation, services.Time);
        if (opened.Device != services.Device)
            Log.ModelOnOtherDevice(services.Logger, manifest.Name, opened.Device.Name, opened.Device.Reason);
        return new ChatModel(opened, services);
    }

    /// <summary>Why it does not run on the device of the process; empty if it does.</summary>
    private static string WhyNot(ExecutionDevice device, OpenedChat opened) =>
        opened.Device == device ? "" : $" ({opened.Device.Reason})";
}
