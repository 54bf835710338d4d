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
        if (device.CudaDeviceId is { } id) AddCuda(settings, id, options.DeviceMemoryLimitBytes);
        return settings;
    }

    private static void AddCuda(SessionOptions settings, int deviceId, long? memoryLimitBytes)
    {
        var cuda = new Dictionary<string, string> { ["device_id"] = deviceId.ToString(CultureInfo.InvariantCulture) };
        if (memoryLimitBytes is { } limit) cuda["gpu_mem_limit"] = limit.ToString(CultureInfo.InvariantCulture);

        using var provider = new OrtCUDAProviderOptions();
        provider.UpdateOptions(cuda);
        settings.AppendExecutionProvider_CUDA(provider);
    }
}
