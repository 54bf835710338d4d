using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>How sessions are opened on a device.</summary>
internal static class SessionSettings
{
    public static SessionOptions For(ExecutionDevice device, ModelOptions options, ThreadSplit threads)
    {
        // It would write lines of its own on the console, in color; what is wrong is in the exception, too.
        OrtEnv.Instance().EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        var settings = new SessionOptions
        {
            IntraOpNumThreads = threads.ThreadsPerRun,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        // Threads that spin while they wait would take cores from tokenizers, Redis and the other models.
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        settings.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        if (device.IsCuda) AddCuda(settings, CudaOptions(device, options));
        return settings;
    }

    /// <summary>Lets sessions run on CUDA.</summary>
    public static void AddCuda(SessionOptions settings, Dictionary<string, string> cuda)
    {
        using var provider = new OrtCUDAProviderOptions();
        provider.UpdateOptions(cuda);
        settings.AppendExecutionProvider_CUDA(provider);
    }

    /// <summary>The options of ONNX Runtime's CUDA provider.</summary>
    public static Dictionary<string, string> CudaOptions(ExecutionDevice device, ModelOptions options, bool capturesGraphs = false)
    {
        Dictionary<string, string> cuda = new()
        {
            ["device_id"] = device.CudaDeviceId!.Value.ToString(CultureInfo.InvariantCulture),
            ["arena_extend_strategy"] = options.ArenaGrowth == ArenaGrowth.Doubling ? "kNextPowerOfTwo" : "kSameAsRequested",
            ["use_tf32"] = options.TensorFloat32 ? "1" : "0",
        };
        if (options.DeviceMemoryLimitBytes is { } limit) cuda["gpu_mem_limit"] = limit.ToString(CultureInfo.InvariantCulture);
        if (capturesGraphs) cuda["enable_cuda_graph"] = "1";
        return cuda;
    }
}
