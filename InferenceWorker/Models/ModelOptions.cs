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

    /// <summary>
    /// Names of the models to load (<c>Models__Load__0=…</c>). Default none; without it, every model of the folder, also those added later.
    /// </summary>
    public IReadOnlyList<string> Load { get; init; } = [];

    /// <summary>
    /// How often the folder is looked at for models that were added, replaced or removed, which are taken up without a restart. Default
    /// 2 s, 0 to 10 min; 0 never looks.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The device of the models; <c>auto</c> is CUDA if the package, the driver and the device allow it, and the CPU otherwise. Default
    /// <c>auto</c>.
    /// </summary>
    [EnumDataType(typeof(DevicePreference))]
    public DevicePreference Device { get; init; } = DevicePreference.Auto;

    /// <summary>Number of the CUDA device. Default 0, 0 to 63.</summary>
    [Range(0, 63)]
    public int DeviceId { get; init; }

    /// <summary>
    /// Folder with the libraries of CUDA 13 and cuDNN 9, or a folder of Python that has them as packages of NVIDIA. Default none; without
    /// it, the library path, <c>CUDA_PATH</c>, <c>/usr/local/cuda</c>, and the packages of the active, the system's and each other Python
    /// in <c>PATH</c> are looked at.
    /// </summary>
    public string? CudaPath { get; init; }

    /// <summary>
    /// Most memory of ONNX Runtime's arena on the CUDA device, for each model, in bytes. Default none, 256 MiB or more.
    /// </summary>
    [Range(256L * 1024 * 1024, long.MaxValue)]
    public long? DeviceMemoryLimitBytes { get; init; }

    /// <summary>
    /// How the arena on the CUDA device grows: <c>exact</c> by what is needed, or <c>doubling</c>, which asks the device less often and
    /// takes more memory than is needed. Default <c>exact</c>.
    /// </summary>
    [EnumDataType(typeof(ArenaGrowth))]
    public ArenaGrowth ArenaGrowth { get; init; } = ArenaGrowth.Exact;

    /// <summary>
    /// Whether fp32 products on CUDA are computed in TF32, which is faster and has 10 bits of mantissa instead of 23. Default true.
    /// </summary>
    public bool TensorFloat32 { get; init; } = true;

    /// <summary>Threads of one model on the CPU, for all its runs together. Default 0, 0 to 1,024; 0 means one for each core.</summary>
    [Range(0, 1_024)]
    public int Threads { get; init; }

    /// <summary>
    /// Batches of one model that run at a time, on the CPU each on its share of <see cref="Threads"/>. Default 0, 0 to 64; 0 measures at
    /// start whether as many runs as threads, or one run on all of them, is faster, and is 1 on CUDA. There 2 lets the inputs and outputs
    /// of one batch be copied while another runs.
    /// </summary>
    [Range(0, 64)]
    public int ParallelRuns { get; init; }

    /// <summary>
    /// Jobs leased at a time for each model, in multiples of its <c>max_batch_rows</c> or of the rows of its parallel runs, if these are
    /// more. It should be large enough that the device never waits for Redis, and small enough that other workers get jobs, too. Default 2,
    /// 1 to 64.
    /// </summary>
    [Range(1, 64)]
    public int LeasedBatches { get; init; } = 2;
}

/// <summary>Checks <see cref="ModelOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class ModelOptionsValidator : IValidateOptions<ModelOptions>;

/// <summary>The operator's choice of device.</summary>
public enum DevicePreference
{
    /// <summary>CUDA if its provider, its libraries and a driver are installed, else the CPU.</summary>
    Auto,

    /// <summary>Always the CPU.</summary>
    Cpu,

    /// <summary>Only CUDA: if it cannot be used, no model is loaded, and the log says why.</summary>
    Cuda,
}

/// <summary>How ONNX Runtime's arena on a device grows.</summary>
public enum ArenaGrowth
{
    /// <summary>By the size that is asked for.</summary>
    Exact,

    /// <summary>By powers of two.</summary>
    Doubling,
}
