namespace AiPlatform.InferenceWorker.Models;

/// <summary>Where models run, and why there.</summary>
/// <param name="CudaDeviceId">The CUDA device's number; null on the CPU.</param>
/// <param name="Reason">Why it was chosen, for people.</param>
internal sealed record ExecutionDevice(int? CudaDeviceId, string Reason)
{
    public bool IsCuda => CudaDeviceId is not null;

    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Name => CudaDeviceId is { } id ? $"cuda:{id}" : "cpu";

    /// <summary>Whether a file of this <c>device</c> in a manifest is of use here.</summary>
    public bool Uses(ModelFile file) => file.Device == ModelFile.AnyDevice || file.Device == (IsCuda ? "cuda" : "cpu");
}
