using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>Serves embedding models.</summary>
internal sealed class EmbeddingWorkerTask : EncoderTask<EmbeddingManifest>
{
    public override string Kind => EmbeddingTask.Kind;

    protected override IReadOnlyList<string> OwnFields => EmbeddingManifest.Fields;

    protected override EmbeddingManifest Read(ManifestContent content) => new(content);

    protected override ILoadedModel Serve(EmbeddingManifest manifest, WarmEncoder warm, ModelServices services) =>
        new EmbeddingModel(manifest, warm, services);
}
