using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.InferenceWorker.Files;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>Chooses the device of models: CUDA if a session can be opened on it, else the CPU.</summary>
internal static class ExecutionDeviceChoice
{
    private const string CudaProvider = "CUDAExecutionProvider";

    /// <summary>The smallest ONNX model, <c>y = Identity(x)</c> with one float, which tests the CUDA provider.</summary>
    private static ReadOnlySpan<byte> IdentityModel =>
    [
        0x08, 0x08, 0x3A, 0x37, 0x0A, 0x10, 0x0A, 0x01, 0x78, 0x12, 0x01, 0x79, 0x22, 0x08, 0x49, 0x64, 0x65, 0x6E, 0x74, 0x69, 0x74, 0x79,
        0x12, 0x01, 0x67, 0x5A, 0x0F, 0x0A, 0x01, 0x78, 0x12, 0x0A, 0x0A, 0x08, 0x08, 0x01, 0x12, 0x04, 0x0A, 0x02, 0x08, 0x01, 0x62, 0x0F,
        0x0A, 0x01, 0x79, 0x12, 0x0A, 0x0A, 0x08, 0x08, 0x01, 0x12, 0x04, 0x0A, 0x02, 0x08, 0x01, 0x42, 0x02, 0x10, 0x11,
    ];

    /// <exception cref="ModelProblemException">The settings require CUDA, but it cannot be used.</exception>
    public static ExecutionDevice Choose(ModelOptions options) => Choose(
        options, OrtEnv.Instance().GetAvailableProviders(), () => CudaLibraries.Load(CudaFolders.Find(options.CudaPath)),
        device => TryOn(device, options));

    /// <inheritdoc cref="Choose(ModelOptions)"/>
    /// <param name="options">The settings of models.</param>
    /// <param name="providers">The execution providers of this build of ONNX Runtime.</param>
    /// <param name="load">Loads CUDA's libraries.</param>
    /// <param name="tryOn">Opens a session on a device, and throws ONNX Runtime's own exceptions.</param>
    internal static ExecutionDevice Choose(
        ModelOptions options, IReadOnlyCollection<string> providers, Func<CudaLibraries> load, Action<ExecutionDevice> tryOn)
    {
        if (options.Device == DevicePreference.Cpu) return new ExecutionDevice(null, "Models:Device is cpu");

        var libraries = load();
        var obstacle = WhyNoCuda(options, providers, libraries, tryOn);
        if (obstacle is null) return new ExecutionDevice(options.DeviceId, SuccessWith(libraries));
        return options.Device == DevicePreference.Auto
            ? new ExecutionDevice(null, obstacle)
            : throw new ModelProblemException($"Models:Device is cuda, but {obstacle}. Set it to auto or cpu to run on the CPU.");
    }

    private static string? WhyNoCuda(
        ModelOptions options, IReadOnlyCollection<string> providers, CudaLibraries libraries, Action<ExecutionDevice> tryOn)
    {
        if (!providers.Contains(CudaProvider))
            return $"this build of ONNX Runtime has no CUDA provider (it has {string.Join(", ", providers)})";

        if (libraries.Obstacle is { } missing) return missing;

        try
        {
            tryOn(new ExecutionDevice(options.DeviceId, "tried"));
            return null;
        }
        catch (OnnxRuntimeException refused)
        {
            return $"no session can be made on CUDA device {options.DeviceId}: {refused.Message.ReplaceLineEndings(" ")}";
        }
    }

    private static string SuccessWith(CudaLibraries libraries)
    {
        const string Success = "a session was made on the CUDA device";
        return libraries.MissingForSome.Count == 0
            ? Success : $"{Success}; models that need {string.Join(" or ", libraries.MissingForSome)} cannot run, since these are missing";
    }

    /// <summary>Opens a session of the smallest model; throws ONNX Runtime's own exceptions.</summary>
    internal static void TryOn(ExecutionDevice device, ModelOptions options)
    {
        using var settings = SessionSettings.For(device, options, ThreadSplit.OneRun(1));
        using var session = new InferenceSession(IdentityModel.ToArray(), settings);
    }
}
