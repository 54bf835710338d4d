using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>Serves embedding models.</summary>
internal sealed class EmbeddingWorkerTask : EncoderTask<EmbeddingManifest>
{
    public override string Kind => EmbeddingTask.Kind;

    protected override IReadOnlyList<string> OwnFields => EmbeddingManifest.Fields;

    protected override void CompleteOwn(ManifestDraft draft)
    {
        if (draft.Lacks("dimensions"))
        {
            var (dimensions, from) = SentencePooling.DimensionsOf(draft.Folder);
            draft.Add("dimensions", dimensions, from);
        }

        if (draft.Lacks("pooling"))
        {
            var (pooling, from) = SentencePooling.KindOf(draft.Folder);
            draft.Add("pooling", pooling, from);
        }

        if (draft.Lacks("normalize"))
        {
            var (normalizes, from) = SentencePooling.Normalizes(draft.Folder);
            draft.Add("normalize", normalizes, from);
        }

        draft.Add("description", $"Embeddings, {draft.WholeOf("dimensions")} dimensions", ManifestDraft.Usual);
    }

    protected override EmbeddingManifest Read(ManifestContent content) => new(content);

    protected override ILoadedModel Serve(EmbeddingManifest manifest, WarmEncoder warm, ModelServices services) =>
        new EmbeddingModel(manifest, warm, services);
}
