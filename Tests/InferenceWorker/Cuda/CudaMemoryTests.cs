using System.Diagnostics;
using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Places;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Cuda;

/// <summary>
/// The calls of CUDA's runtime library, answered by a stand-in in C that has CUDA's signatures and works on the memory of the process: it
/// shows that arguments arrive in their order. It does not show that a GPU does the same.
/// </summary>
public sealed class CudaMemoryTests : IDisposable
{
    private const string StandIn = """
        #include <string.h>
        typedef void *cudaStream_t;
        static __thread int device = -1;
        int cudaSetDevice(int number) { device = number; return number == 7 ? 101 : 0; }
        int cudaMemset(void *start, int value, size_t count) {
          if (device < 0) return 201;
          memset(start, value, count); return 0;
        }
        int cudaMemcpy(void *to, const void *from, size_t count, int kind) {
          if (device < 0) return 201;
          if (kind != 1 && kind != 2) return 21;
          memcpy(to, from, count); return 0;
        }
        int cudaMemcpy2D(void *to, size_t toPitch, const void *from, size_t fromPitch, size_t width, size_t height, int kind) {
          if (device < 0) return 201;
          if (kind != 3) return 21;
          if (width > toPitch || width > fromPitch) return 12;
          for (size_t i = 0; i < height; i++) memcpy((char *)to + i * toPitch, (const char *)from + i * fromPitch, width);
          return 0;
        }
        int cudaStreamSynchronize(cudaStream_t stream) { return device < 0 ? 201 : stream == 0 ? 0 : 400; }
        const char *cudaGetErrorString(int error) { return error == 101 ? "invalid device ordinal" : "another error"; }
        """;

    private static readonly DecoderShape Shape = new(2, 3, 4, 2, 32, 32, 512, [31]);

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void RowsThatMove_AsInTheMemoryOfTheProcess()
    {
        LoadStandIn();
        using var session = new InferenceSession(Path.Combine(new TinyDecoder().Write(_root), "model.onnx"));
        using var place = new CudaMemory(session, OrtMemoryInfo.DefaultInstance, device: 3);
        using var sut = new KeyValueMemory(Shape, place);
        using var expected = new KeyValueMemory(Shape);

        foreach (var memory in (KeyValueMemory[])[sut, expected])
        {
            memory.Reshape(4, 20, []);
            Fill(memory);
            memory.CopyRow(1, 3, 7);
            memory.SwapRows(0, 2, 11);
            memory.Reshape(3, 30, [new KeptRow(3, 20), new KeptRow(0, 9)]);
        }

        for (var layer = 0; layer < Shape.Layers; layer++)
        {
            foreach (var isValue in (bool[])[false, true])
            {
                var found = new byte[3 * sut.RowBytes];
                place.Download(sut.AddressOf(layer, isValue, 0), found);
                Assert.Equal(Bytes(expected, layer, isValue).ToArray(), found);
            }
        }
    }

    [Fact]
    public void UploadAndSwap_LargerThanTheScratch_AreWhole()
    {
        LoadStandIn();
        using var session = new InferenceSession(Path.Combine(new TinyDecoder().Write(_root), "model.onnx"));
        using var sut = new CudaMemory(session, OrtMemoryInfo.DefaultInstance, device: 0);
        var (one, other) = (new byte[5_000_000], new byte[5_000_000]);
        new Random(1).NextBytes(one);
        new Random(2).NextBytes(other);
        var (first, second) = (sut.Allocate(one.Length), sut.Allocate(other.Length));
        sut.Upload(one, first);
        sut.Upload(other, second);

        sut.Swap(first, second, one.Length / 5, one.Length / 5, 5);
        var found = new byte[one.Length];
        sut.Download(first, found);

        Assert.Equal(other, found);
        sut.Download(second, found);
        Assert.Equal(one, found);
    }

    [Fact]
    public void Allocate_MemoryThatWasUsedBefore_IsZero()
    {
        LoadStandIn();
        using var session = new InferenceSession(Path.Combine(new TinyDecoder().Write(_root), "model.onnx"));
        using var sut = new CudaMemory(session, OrtMemoryInfo.DefaultInstance, device: 0);
        var used = sut.Allocate(100_000);
        sut.Upload(Enumerable.Repeat((byte)0xFF, 100_000).ToArray(), used);
        sut.Free(used);

        var found = new byte[100_000];
        sut.Download(sut.Allocate(found.Length), found);

        Assert.All(found, one => Assert.Equal(0, one));
    }

    /// <summary>ONNX Runtime's allocator takes 32 bits of size in C#.</summary>
    [Fact]
    public void Allocate_MoreThanTheAllocatorTakes_IsALackOfMemory()
    {
        LoadStandIn();
        using var session = new InferenceSession(Path.Combine(new TinyDecoder().Write(_root), "model.onnx"));
        using var sut = new CudaMemory(session, OrtMemoryInfo.DefaultInstance, device: 0);

        Assert.Throws<InsufficientMemoryException>(() => sut.Allocate(5L * 1024 * 1024 * 1024));
    }

    /// <summary>Each thread has a current device of its own, and a model is opened by another thread than runs it.</summary>
    [Fact]
    public void EveryCall_FromAThreadOfItsOwn_ActsOnTheDevice()
    {
        LoadStandIn();
        using var session = new InferenceSession(Path.Combine(new TinyDecoder().Write(_root), "model.onnx"));
        using var sut = new CudaMemory(session, OrtMemoryInfo.DefaultInstance, device: 0);
        var (one, other, found) = (sut.Allocate(8), sut.Allocate(8), new byte[8]);

        foreach (var call in (Action[])[
            () => sut.Free(sut.Allocate(8)), () => sut.Upload([1, 2, 3, 4, 5, 6, 7, 8], one), () => sut.Copy(one, 8, other, 8, 8, 1),
            sut.Finish, () => sut.Download(other, found)])
        {
            Exception? failure = null;
            var thread = new Thread(() => failure = Record.Exception(call));
            thread.Start();
            thread.Join();
            Assert.Null(failure);
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], found);
    }

    [Fact]
    public void Use_DeviceThatIsNotThere_SaysCudasOwnWords()
    {
        LoadStandIn();

        var refused = Assert.Throws<CudaException>(() => CudaRuntime.Use(7));

        Assert.Equal("CUDA error 101: invalid device ordinal", refused.Message);
    }

    /// <summary>Every number of the memory becomes another one.</summary>
    private static unsafe void Fill(KeyValueMemory memory)
    {
        for (var layer = 0; layer < Shape.Layers; layer++)
        {
            foreach (var isValue in (bool[])[false, true])
                new Random(2 * layer + (isValue ? 1 : 0)).NextBytes(Bytes(memory, layer, isValue));
        }
    }

    private static unsafe Span<byte> Bytes(KeyValueMemory memory, int layer, bool isValue) =>
        new((void*)memory.AddressOf(layer, isValue, 0), checked((int)(memory.Rows * memory.RowBytes)));

    private void LoadStandIn()
    {
        if (NativeLibrary.TryLoad(CudaRuntime.Library, out var loaded))
        {
            // Another test of this class has loaded the stand-in already; it knows a device of a number that no machine has.
            var known = NativeLibrary.TryGetExport(loaded, "cudaGetDeviceCount", out _);
            Assert.SkipWhen(known, "This machine has CUDA itself: the tests of the category Gpu use it.");
            return;
        }

        var (source, library) = (Path.Combine(_root.Path, "cudart.c"), Path.Combine(_root.Path, CudaRuntime.Library));
        File.WriteAllText(source, StandIn);
        Process? compiler = null;
        try
        {
            compiler = Process.Start("gcc", ["-shared", "-fPIC", $"-Wl,-soname,{CudaRuntime.Library}", "-o", library, source]);
            compiler.WaitForExit();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("There is no gcc, which makes the stand-in of CUDA's runtime library.");
        }

        Assert.Equal(0, compiler!.ExitCode);
        NativeLibrary.Load(library);
    }
}
