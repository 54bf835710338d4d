using System.Globalization;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>A task whose models are encoders, in which rows of many requests share runs.</summary>
/// <typeparam name="TManifest">The type of their manifests.</typeparam>
internal abstract class EncoderTask<TManifest> : IWorkerTask
    where TManifest : EncoderManifest
{
    public abstract string Kind { get; }

    public IReadOnlyList<string> ManifestFields => [.. EncoderManifest.Fields, .. OwnFields];

    /// <summary>The fields of the manifest besides those of every encoder.</summary>
    protected abstract IReadOnlyList<string> OwnFields { get; }

    public IReadOnlyList<string> SideFiles => [];

    public void Complete(ManifestDraft draft)
    {
        if (draft.Lacks("max_tokens"))
        {
            var (tokens, origin) = EncoderLimits.TokensOf(draft.Folder);
            draft.Add("max_tokens", tokens, origin);
        }

        draft.Add("max_batch_rows", EncoderLimits.UsualBatchRows, ManifestDraft.Usual);
        draft.Add("max_batch_tokens", EncoderLimits.BatchTokensFor(draft.WholeOf("max_tokens") ?? 0), ManifestDraft.Usual);
        CompleteOwn(draft);
    }

    public ModelManifest ReadManifest(ManifestContent content) => Read(content);

    public string Check(ModelManifest manifest, ExecutionDevice device, ModelOptions options)
    {
        var opened = OpenedEncoder.Open((TManifest)manifest, device, options);
        using var session = opened.Session;
        LongestInput.Check(opened);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"tokenizer has {opened.Tokenizer.VocabularySize} tokens, runs {opened.Manifest.MaxTokens} tokens on {device.Name}");
    }

    public ILoadedModel Load(ModelManifest manifest, ModelServices services)
    {
        var opened = OpenedEncoder.Open((TManifest)manifest, services.Device, services.Options);
        var warm = new EncoderWarmUp(services.Device, services.Options, services.Time, services.Logger).Run(opened);
        return Serve((TManifest)manifest, warm, services);
    }

    /// <summary>Adds the fields of the task itself.</summary>
    protected abstract void CompleteOwn(ManifestDraft draft);

    protected abstract TManifest Read(ManifestContent content);

    /// <summary>Makes the model that runs jobs, and starts its device threads.</summary>
    protected abstract ILoadedModel Serve(TManifest manifest, WarmEncoder warm, ModelServices services);
}
