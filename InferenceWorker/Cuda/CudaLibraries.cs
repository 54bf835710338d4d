using System.Runtime.InteropServices;

namespace AiPlatform.InferenceWorker.Cuda;

/// <summary>
/// The libraries of NVIDIA that ONNX Runtime's CUDA provider is linked with: those that are loaded now, and those that are missing.
/// </summary>
/// <param name="HasDriver">Whether the driver's library is there.</param>
/// <param name="Missing">The libraries without which the provider cannot be loaded, besides the driver's.</param>
/// <param name="MissingForSome">Libraries that only some operators need, such as convolutions.</param>
internal sealed record CudaLibraries(bool HasDriver, IReadOnlyList<string> Missing, IReadOnlyList<string> MissingForSome)
{
    /// <summary>In this order, because each may need those before it.</summary>
    private static readonly string[] Needed = ["libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10"];

    private static readonly string[] NeededBySome = ["libcufft.so.12", "libnvrtc.so.13", "libcudnn.so.9"];

    /// <summary>Where containers and WSL have the driver's library, if it is not in the library path.</summary>
    private static readonly string[] DriverFolders = ["/usr/local/nvidia/lib64", "/usr/lib/wsl/lib"];

    /// <summary>The library that a driver installs.</summary>
    public static string Driver { get; } = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>Why no session can be made with them, without a full stop; null when nothing is missing.</summary>
    public string? Obstacle
    {
        get
        {
            var missing = string.Join(", ", Missing);
            if (!HasDriver)
                return $"there is no NVIDIA driver ({Driver} cannot be loaded){(missing.Length > 0 ? $", and no {missing}" : "")}";
            return missing.Length == 0
                ? null
                : $"these libraries of CUDA 13 cannot be loaded: {missing} (they may be in the library path, in /usr/local/cuda, in "
                + "Python's packages, or in the folder that Models:CudaPath names)";
        }
    }

    /// <summary>
    /// Loads the libraries: by name, as the system finds them, or from the first of the folders that has them. A library that is loaded
    /// is found by everybody who asks for its name, so the provider needs no library path.
    /// </summary>
    /// <param name="folders">See <see cref="CudaFolders"/>.</param>
    public static CudaLibraries Load(IReadOnlyList<string> folders) => Load(folders, path => NativeLibrary.TryLoad(path, out _));

    /// <inheritdoc cref="Load(IReadOnlyList{string})"/>
    /// <param name="folders">See <see cref="CudaFolders"/>.</param>
    /// <param name="tryLoad">Loads a library by its name or path; false when it cannot be loaded.</param>
    internal static CudaLibraries Load(IReadOnlyList<string> folders, Func<string, bool> tryLoad)
    {
        // The names of the others are those of Linux.
        return OperatingSystem.IsWindows()
            ? new CudaLibraries(tryLoad(Driver), [], [])
            : new CudaLibraries(
                !IsMissing(Driver, [.. DriverFolders, .. folders]),
                [.. Needed.Where(IsMissingHere)],
                [.. NeededBySome.Where(IsMissingHere)]);

        bool IsMissingHere(string name) => IsMissing(name, folders);

        bool IsMissing(string name, IReadOnlyList<string> places) =>
            !tryLoad(name) && !places.Select(folder => Path.Combine(folder, name)).Any(path => File.Exists(path) && tryLoad(path));
    }
}
