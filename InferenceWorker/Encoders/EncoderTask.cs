using System.Globalization;
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

    protected abstract TManifest Read(ManifestContent content);

    /// <summary>Makes the model that runs jobs, and starts its device threads.</summary>
    protected abstract ILoadedModel Serve(TManifest manifest, WarmEncoder warm, ModelServices services);
}
