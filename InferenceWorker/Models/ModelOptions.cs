using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>The models that a worker serves, and the device that runs them; section <c>Models</c>.</summary>
public sealed class ModelOptions
{
    public const string SectionName = "Models";

    /// <summary>Folder of the model folders. Default <c>models</c>; a relative path is relative to the working directory.</summary>
    [Required]
    public string Path { get; init; } = "models";

    /// <summary>Names of the models to load (<c>Models__Load__0=…</c>). Default none; without it, every model of the folder.</summary>
    public IReadOnlyList<string> Load { get; init; } = [];

    /// <summary>
    /// What the models run on; <c>auto</c> is CUDA where the package, the driver and the device allow it, and the CPU otherwise. Default
    /// <c>auto</c>.
    /// </summary>
    [EnumDataType(typeof(DevicePreference))]
    public DevicePreference Device { get; init; } = DevicePreference.Auto;

    /// <summary>Number of the CUDA device. Default 0, 0 to 63.</summary>
    [Range(0, 63)]
    public int DeviceId { get; init; }

    /// <summary>Most memory that ONNX Runtime's arena takes on the CUDA device, in bytes. Default none, 256 MiB or more.</summary>
    [Range(256L * 1024 * 1024, long.MaxValue)]
    public long? DeviceMemoryLimitBytes { get; init; }

    /// <summary>Threads of one model on the CPU, all its runs together. Default 0, 0 to 1,024; 0 is one for each core.</summary>
    [Range(0, 1_024)]
    public int Threads { get; init; }

    /// <summary>
    /// Batches of one model that run at a time on the CPU, each on its part of <see cref="Threads"/>. Default 0, 0 to 64; 0
    /// measures at start whether as many runs as threads, or one run on all of them, is faster. On CUDA always 1.
    /// </summary>
    [Range(0, 64)]
    public int ParallelRuns { get; init; }

    /// <summary>
    /// Jobs leased at a time for each model, in multiples of its <c>max_batch_rows</c> or of what its parallel runs hold, if that is
    /// more: enough that the device never waits for Redis, few enough that other workers get theirs. Default 2, 1 to 64.
    /// </summary>
    [Range(1, 64)]
    public int LeasedBatches { get; init; } = 2;
}

/// <summary>Checks <see cref="ModelOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class ModelOptionsValidator : IValidateOptions<ModelOptions>;

/// <summary>Where the operator wants models to run.</summary>
public enum DevicePreference
{
    /// <summary>CUDA when its provider, its libraries and a driver are there, else the CPU.</summary>
    Auto,

    /// <summary>The CPU, whatever else is there.</summary>
    Cpu,

    /// <summary>CUDA or nothing: where it cannot be used, no model loads and the reason is said.</summary>
    Cuda,
}
