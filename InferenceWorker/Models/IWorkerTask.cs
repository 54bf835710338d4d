using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>The worker's part of a task; <c>WorkerTasks</c> has all of them.</summary>
internal interface IWorkerTask
{
    /// <summary>Its name in manifests and in the catalog. <see cref="ModelTasks.OfKind"/> has the tasks of its models.</summary>
    string Kind { get; }

    /// <summary>The fields of a manifest besides those of every model (<see cref="ModelManifest.Fields"/>).</summary>
    IReadOnlyList<string> ManifestFields { get; }

    /// <summary>The files that its models may have besides the ONNX file, its weights and the tokenizer.</summary>
    IReadOnlyList<string> SideFiles { get; }

    /// <summary>Adds the fields that a manifest lacks, as far as the files of Hugging Face beside it tell them.</summary>
    /// <exception cref="ModelProblemException">One of these files says something that cannot be served.</exception>
    void Complete(ManifestDraft draft);

    /// <exception cref="ModelProblemException">A field is missing or out of range.</exception>
    ModelManifest ReadManifest(ManifestContent content);

    /// <summary>Verifies a model's files, opens it on a device and runs its largest input. Serves nothing.</summary>
    /// <returns>A description of the result, for messages.</returns>
    /// <exception cref="ModelProblemException">It cannot be served.</exception>
    string Check(ModelManifest manifest, ExecutionDevice device, ModelOptions options);

    /// <summary>Verifies a model's files, opens it on a device and warms it up. Afterwards it can run jobs.</summary>
    /// <exception cref="ModelProblemException">It cannot be served.</exception>
    ILoadedModel Load(ModelManifest manifest, ModelServices services);
}

/// <summary>The services of the process that models need for loading, besides their manifest.</summary>
/// <param name="Device">The device that they run on.</param>
/// <param name="Options">The settings of all models.</param>
/// <param name="Metrics">The metrics of runs.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The logger.</param>
internal sealed record ModelServices(ExecutionDevice Device, ModelOptions Options, BatchMetrics Metrics, TimeProvider Time, ILogger Logger)
{
    /// <summary>The settings of language models.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>Counts their tokens; null counts nothing.</summary>
    public GenerationMetrics? GenerationMetrics { get; init; }
}
