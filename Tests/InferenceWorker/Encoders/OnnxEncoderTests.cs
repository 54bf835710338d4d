using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Encoders;

public sealed class OnnxEncoderTests
{
    private const float SameResult = 1e-4f;

    [Fact]
    public async Task Run_BatchesOfAnyLengths_EqualTheReferenceAndSingleRows()
    {
        var tokenizer = TokenizerLoader.Load(Path.Combine(Manifests.ShippedFolder, "tokenizer.json"));
        int[][] rows =
            [.. ReferenceEmbeddings.All.Select(row => tokenizer.Truncate(tokenizer.Encode(row.Text), Manifests.Shipped.MaxTokens))];
        // All waiting rows share a run, so that the test covers padding.
        var batched = Start(tokenizer.PadId, new BatchLimits(32, 8192));
        var single = Start(tokenizer.PadId, new BatchLimits(1, 256));

        var (together, none) = await batched.EmbedAsync(rows, 384);
        var (alone, nothing) = await single.EmbedAsync(rows, 384);

        Assert.Null(none);
        Assert.Null(nothing);
        for (var i = 0; i < rows.Length; i++)
        {
            var reference = ReferenceEmbeddings.All[i];
            Assert.Equal(reference.Tokens, rows[i].Length);
            Assert.InRange(ReferenceEmbeddings.LargestDifference(together[i], reference.Vector), 0, ReferenceEmbeddings.Tolerance);
            Assert.InRange(TensorPrimitives.CosineSimilarity<float>(together[i], reference.Vector), 0.999f, 1.0001f);
            Assert.InRange(ReferenceEmbeddings.LargestDifference(together[i], alone[i]), 0, SameResult);
        }

        batched.Stop();
        single.Stop();
    }

    [Fact]
    public void Open_OtherDimensionsThanTheManifest_IsRefused()
    {
        var manifest = Manifests.Shipped with { Dimensions = 768 };

        var problem = Assert.Throws<ModelProblemException>(() => Open(manifest, 0));

        Assert.Contains("its vectors have 384 dimensions; 'dimensions' in model.json says 768", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileForAnotherDevice_IsRefused()
    {
        var manifest = Manifests.Shipped with { Model = Manifests.Shipped.Model with { Device = "cuda" } };

        var problem = Assert.Throws<ModelProblemException>(() => Open(manifest, 0));

        Assert.Contains("'device' in model.json is cuda, but models run on cpu here", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeveralAtOnce_GiveTheVectorsOfOneAtATime()
    {
        var tokenizer = TokenizerLoader.Load(Path.Combine(Manifests.ShippedFolder, "tokenizer.json"));
        int[][] rows =
            [.. ReferenceEmbeddings.All.Select(row => tokenizer.Truncate(tokenizer.Encode(row.Text), Manifests.Shipped.MaxTokens))];
        var parallel = Start(tokenizer.PadId, new BatchLimits(4, 1_024), parallelRuns: 3);

        // Every row is a request of its own, several times, so that the threads run different batches at the same time.
        var calls = Enumerable.Range(0, 4).SelectMany(_ => rows).Select(row => parallel.EmbedAsync([row], 384));
        var results = await Task.WhenAll(calls);

        for (var i = 0; i < results.Length; i++)
        {
            Assert.Null(results[i].Error);
            var reference = ReferenceEmbeddings.All[i % rows.Length];
            Assert.InRange(
                ReferenceEmbeddings.LargestDifference(results[i].Vectors[0], reference.Vector), 0, ReferenceEmbeddings.Tolerance);
            Assert.InRange(
                ReferenceEmbeddings.LargestDifference(results[i].Vectors[0], results[i % rows.Length].Vectors[0]), 0, SameResult);
        }

        parallel.Stop();
    }

    /// <summary>On a device the inputs and outputs are in memory of ONNX Runtime's allocator; here it is that of the CPU.</summary>
    [Fact]
    public async Task Run_BuffersOfAnAllocator_GivesTheSameVectors()
    {
        var tokenizer = TokenizerLoader.Load(Path.Combine(Manifests.ShippedFolder, "tokenizer.json"));
        int[][] rows =
            [.. ReferenceEmbeddings.All.Select(row => tokenizer.Truncate(tokenizer.Encode(row.Text), Manifests.Shipped.MaxTokens))];
        PinnedMemory? pinned = null;
        var session = Open(
            Manifests.Shipped, tokenizer.PadId, opened => pinned = new PinnedMemory(opened, OrtMemoryInfo.DefaultInstance));
        using (var one = ((IRowSession)session).NewBuffers(16)) Assert.False(MemoryMarshal.TryGetArray<long>(one.Ids, out _));
        var sut = Batchers.Start(session, Manifests.Shipped, new BatchLimits(32, 8_192), parallelRuns: 2);

        var (found, error) = await sut.EmbedAsync(rows, 384);

        Assert.Null(error);
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.InRange(
                ReferenceEmbeddings.LargestDifference(found[i], ReferenceEmbeddings.All[i].Vector), 0, ReferenceEmbeddings.Tolerance);
        }

        sut.Stop();
        await sut.Completion;
        Assert.Throws<ObjectDisposedException>(() => pinned!.TryAllocate<long>(1));
    }

    [Fact]
    public void PinnedMemory_SessionWithoutADevice_HasNone()
    {
        using var session = new InferenceSession(Manifests.Shipped.PathOf(Manifests.Shipped.Model));

        Assert.Null(PinnedMemory.Of(session, 0));
    }

    [Fact]
    public void PinnedMemory_Numbers_AreZero()
    {
        using var session = new InferenceSession(Manifests.Shipped.PathOf(Manifests.Shipped.Model));
        using var sut = new PinnedMemory(session, OrtMemoryInfo.DefaultInstance);

        using var block = sut.TryAllocate<float>(1_000);

        Assert.Equal(1_000, block!.Memory.Length);
        Assert.All(block.Memory.ToArray(), number => Assert.Equal(0, number));
    }

    private static RowBatcher Start(int padId, BatchLimits limits, int parallelRuns = 1) =>
        Batchers.Start(Open(Manifests.Shipped, padId), Manifests.Shipped, limits, parallelRuns);

    private static OnnxEncoder Open(
        EmbeddingManifest manifest, int padId, Func<InferenceSession, PinnedMemory?>? newPinned = null) =>
        OnnxEncoder.Open(
            manifest, new ExecutionDevice(null, "tests"), new ModelOptions(), ThreadSplit.OneRun(1), padId, newPinned ?? (_ => null));
}
