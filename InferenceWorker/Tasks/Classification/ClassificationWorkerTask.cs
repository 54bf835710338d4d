using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>Serves classifiers of texts and of pairs of texts.</summary>
internal sealed class ClassificationWorkerTask : EncoderTask<ClassificationManifest>
{
    public override string Kind => ClassificationTask.Kind;

    protected override IReadOnlyList<string> OwnFields => ClassificationManifest.Fields;

    protected override void CompleteOwn(ManifestDraft draft)
    {
        if (draft.Lacks("labels")) draft.Add("labels", HubLabels.Of(draft.Folder), HubFolder.ConfigFile);
        if (draft.Lacks("activation"))
        {
            var (activation, origin) = HubLabels.ActivationOf(draft.Folder, draft.Fields["labels"] is JsonArray labels ? labels.Count : 0);
            draft.Add("activation", activation, origin);
        }

        draft.Add("description", $"Classification, {(draft.Fields["labels"] as JsonArray)?.Count} labels", ManifestDraft.Usual);
    }

    protected override ClassificationManifest Read(ManifestContent content) => new(content);

    protected override ILoadedModel Serve(ClassificationManifest manifest, WarmEncoder warm, ModelServices services) =>
        new ClassificationModel(manifest, warm, services);
}
