namespace AiPlatform.InferenceWorker.Models;

/// <summary>The device that models run on, and why it was chosen.</summary>
/// <param name="CudaDeviceId">The CUDA device's number; null on the CPU.</param>
/// <param name="Reason">Why it was chosen, for messages.</param>
internal sealed record ExecutionDevice(int? CudaDeviceId, string Reason)
{
    /// <summary>The <see cref="Name"/> of the CPU.</summary>
    public const string Cpu = "cpu";

    public bool IsCuda => CudaDeviceId is not null;

    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Name => CudaDeviceId is { } id ? $"cuda:{id}" : Cpu;

    /// <summary>Whether this device uses a file, by its <c>device</c> in the manifest.</summary>
    public bool Uses(ModelFile file) => file.Device == ModelFile.AnyDevice || file.Device == (IsCuda ? "cuda" : "cpu");
}
