namespace AiPlatform.InferenceWorker.Models;

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
