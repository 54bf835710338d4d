using System.Runtime.InteropServices;

namespace AiPlatform.InferenceWorker.Cuda;

/// <summary>
/// The functions of CUDA's runtime library that copy memory. ONNX Runtime has none in C# that copy into a tensor that stays where it is.
/// Copies are made in the device's default stream, and a caller waits for them with <see cref="Finish"/>.
/// </summary>
internal static unsafe partial class CudaRuntime
{
    /// <summary>The provider needs it, too, so it is loaded wherever a session runs on CUDA.</summary>
    public const string Library = "libcudart.so.13";

    private const int ToDevice = 1;
    private const int FromDevice = 2;
    private const int WithinDevice = 3;

    /// <summary>Lets this thread's calls act on a device.</summary>
    public static void Use(int device) => Check(cudaSetDevice(device));

    public static void Clear(nint address, long bytes) => Check(cudaMemset(address, 0, (nuint)bytes));

    public static void Upload(ReadOnlySpan<byte> from, nint to)
    {
        fixed (byte* start = from) Check(cudaMemcpy(to, (nint)start, (nuint)from.Length, ToDevice));
    }

    public static void Download(nint from, Span<byte> to)
    {
        fixed (byte* start = to) Check(cudaMemcpy((nint)start, from, (nuint)to.Length, FromDevice));
    }

    /// <summary>Copies parts of equal width, which begin at equal distances.</summary>
    public static void Copy(nint from, long fromPitch, nint to, long toPitch, long width, int parts)
    {
        if (width > 0) Check(cudaMemcpy2D(to, (nuint)toPitch, from, (nuint)fromPitch, (nuint)width, (nuint)parts, WithinDevice));
    }

    /// <summary>Waits for the copies, because ONNX Runtime's streams do not wait for the default stream.</summary>
    public static void Finish() => Check(cudaStreamSynchronize(0));

    private static void Check(int error)
    {
        if (error == 0) return;
        throw new CudaException($"CUDA error {error}: {Marshal.PtrToStringUTF8(cudaGetErrorString(error))}");
    }

    [LibraryImport(Library)]
    private static partial int cudaSetDevice(int device);

    [LibraryImport(Library)]
    private static partial int cudaMemset(nint address, int value, nuint count);

    [LibraryImport(Library)]
    private static partial int cudaMemcpy(nint to, nint from, nuint count, int kind);

    [LibraryImport(Library)]
    private static partial int cudaMemcpy2D(nint to, nuint toPitch, nint from, nuint fromPitch, nuint width, nuint height, int kind);

    [LibraryImport(Library)]
    private static partial int cudaStreamSynchronize(nint stream);

    [LibraryImport(Library)]
    private static partial nint cudaGetErrorString(int error);
}

/// <summary>A call of CUDA failed. Most errors are final: the device then runs nothing any more for this process.</summary>
internal sealed class CudaException(string message) : Exception(message);
