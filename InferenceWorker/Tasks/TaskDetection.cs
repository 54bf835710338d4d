using AiPlatform.InferenceWorker.Files;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Classification;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks;

/// <summary>Finds out from the files of Hugging Face what a model does.</summary>
internal static class TaskDetection
{
    private const string WritesTexts =
        $"which writes texts; it can be served with a {HubFolder.DecoderConfigFile}, as onnxruntime-genai's model builder writes it";

    /// <summary>Kinds of models that cannot be served, by the end of their class' name.</summary>
    private static readonly (string End, string Why)[] Others =
    [
        ("ForCausalLM", WritesTexts),
        ("LMHeadModel", WritesTexts),
        ("ForConditionalGeneration", "which has an encoder beside its decoder; only plain decoders can be served"),
        ("ForTokenClassification", "which labels single tokens; only whole texts, and pairs of them, can be classified"),
        ("ForQuestionAnswering", "which marks answers within texts"),
        ("ForMaskedLM", "which fills gaps in texts"),
        ("ForPreTraining", "which is not made for a task yet"),
        ("ForMultipleChoice", "which compares texts"),
        ("ForNextSentencePrediction", "which compares texts"),
        ("ForImageClassification", "which takes images"),
        ("ForSpeechSeq2Seq", "which takes speech"),
        ("ForCTC", "which takes speech"),
    ];

    /// <returns>The task, and what tells it; null when no file does.</returns>
    /// <exception cref="ModelProblemException">The files say that it does something that this version cannot serve.</exception>
    public static (string Task, string Origin)? Find(HubFolder folder)
    {
        if (folder.Has(HubFolder.DecoderConfigFile)) return (ChatTask.Kind, HubFolder.DecoderConfigFile);

        var named = folder.Config?.Optional("architectures")?.Items().FirstOrDefault();
        var architecture = named is { Path: not null } one ? one.Text() : "";
        if (architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal))
            return (ClassificationTask.Kind, HubFolder.ConfigFile);
        if (folder.Modules is not null) return (EmbeddingTask.Kind, HubFolder.ModulesFile);
        if (folder.PoolingConfig is not null) return (EmbeddingTask.Kind, HubFolder.PoolingFile);
        if (architecture.Length == 0) return null;

        foreach (var (end, why) in Others)
            if (architecture.EndsWith(end, StringComparison.Ordinal)) throw named!.Value.Refuse($"is '{architecture}', {why}");
        if (architecture.EndsWith("Model", StringComparison.Ordinal)) return (EmbeddingTask.Kind, HubFolder.ConfigFile);
        throw named!.Value.Refuse(
            $"is '{architecture}', which this version does not know. Supported: "
            + $"{WorkerTasks.Kinds}");
    }
}
