using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>Serves classifiers of texts and of pairs of texts.</summary>
internal sealed class ClassificationWorkerTask : EncoderTask<ClassificationManifest>
{
    public override string Kind => ClassificationTask.Kind;

    protected override IReadOnlyList<string> OwnFields => ClassificationManifest.Fields;

    protected override ClassificationManifest Read(ManifestContent content) => new(content);

    protected override ILoadedModel Serve(ClassificationManifest manifest, WarmEncoder warm, ModelServices services) =>
        new ClassificationModel(manifest, warm, services);
}
