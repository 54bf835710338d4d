using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Places;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Decoder;

/// <summary>
/// A decoder whose tensors are in a device's memory: the device is simulated, and the CPU computes. What differs from a decoder in the
/// memory of the process is when something is copied, and where tokens are chosen.
/// </summary>
public sealed class DeviceDecoderTests : IDisposable
{
    private static readonly GenerationOptions Options = new() { MaxRows = 4, PrefillChunkTokens = 16, MemoryMiB = 1, CachedRows = 2 };

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(OnnxGraph.Float, OnnxGraph.Float, false, false, false)]
    [InlineData(OnnxGraph.Float, OnnxGraph.Float, true, true, false)]
    [InlineData(OnnxGraph.Float16, OnnxGraph.Float, true, true, true)]
    [InlineData(OnnxGraph.Float16, OnnxGraph.Float16, false, false, false)]
    [InlineData(OnnxGraph.Float16, OnnxGraph.Float16, false, true, true)]
    public async Task Generate_RowsOfEveryKind_GivesTheTextsOfTheProcessMemory(
        int cache, int logits, bool takesPositions, bool isPruned, bool capturesGraphs)
    {
        var model = new TinyDecoder { CacheType = cache, LogitsType = logits, TakesPositions = takesPositions, IsPruned = isPruned };
        var folder = model.Write(_root);
        var device = new SimulatedDevice();

        var expected = await TextsAsync(Open(folder));
        var found = await TextsAsync(Open(folder, device.Place with { CapturesGraphs = capturesGraphs }));

        Assert.Equal(expected, found);
        Assert.True(device.IsDisposed);
        Assert.Equal(0, device.Leaked);
    }

    [Fact]
    public void Prefill_ChunksAndRowsThatMove_GiveTheLogitsOfOneRun()
    {
        var device = new SimulatedDevice();
        using var decoder = Open(new TinyDecoder { TakesPositions = true, IsPruned = true }.Write(_root), device.Place);
        using var memory = decoder.NewMemory();
        memory.Reshape(3, 200, []);
        var prompt = Prompt(3, 150);
        var whole = decoder.Prefill(memory, 0, 0, prompt).ToArray();

        decoder.Prefill(memory, 2, 0, prompt.AsSpan(0, 100));
        memory.CopyRow(2, 1, 70);
        var copied = decoder.Prefill(memory, 1, 70, prompt.AsSpan(70)).ToArray();
        memory.SwapRows(0, 1, 150);
        memory.Reshape(2, 180, [new KeptRow(1, 150), new KeptRow(0, 150)]);
        var moved = decoder.Prefill(memory, 1, 140, prompt.AsSpan(140)).ToArray();

        Assert.Equal(whole, copied);
        Assert.Equal(whole, moved);
    }

    [Fact]
    public async Task Generate_LikeliestTokensOnly_CopiesNoLogitsOfSteps()
    {
        var device = new SimulatedDevice();
        var sut = Engines.Start(Open(new TinyDecoder { IsPruned = true }.Write(_root), device.Place), Options);
        var before = device.Downloaded;

        var texts = Enumerable.Range(0, 4).Select(i => sut.Submit(Endless(Prompt(i, 10), 100, SamplingSettings.Greedy))).ToList();
        foreach (var text in texts) await text.End;

        // The first token of each comes from the run of its prompt; a prompt may take a step for its last token.
        Assert.InRange(device.Downloaded - before, 0, 8 * TinyDecoder.Vocabulary * sizeof(float));
        await sut.StopAsync();
    }

    /// <summary>What follows a forced token is known, so its logits are not needed, however its row chooses.</summary>
    [Fact]
    public async Task Generate_ForcedTokens_CopiesNoLogitsBeforeThem()
    {
        var device = new SimulatedDevice();
        var sut = Engines.Start(Open(new TinyDecoder { IsPruned = true }.Write(_root), device.Place), Options);
        var before = device.Downloaded;

        var penalized = SamplingSettings.Greedy with { RepetitionPenalty = 1.1f };
        var texts = Enumerable.Range(0, 4)
            .Select(i => sut.Submit(Endless(Prompt(i, 10), 60, penalized) with { Constraint = new ForcingTwo() })).ToList();
        foreach (var text in texts) await text.End;

        // A third of the tokens are chosen.
        Assert.InRange(device.Downloaded - before, 1, (4 * 20 + 8) * TinyDecoder.Vocabulary * sizeof(float));
        await sut.StopAsync();
    }

    [Fact]
    public async Task Generate_ConstraintThatBreaks_FailsItsRowAlone()
    {
        var sut = Engines.Start(Open(new TinyDecoder { IsPruned = true }.Write(_root), new SimulatedDevice().Place), Options);

        var one = sut.Submit(Endless(Prompt(1, 10), 40, SamplingSettings.Greedy));
        var refused = sut.Submit(Endless(Prompt(2, 10), 40, SamplingSettings.Greedy) with { Constraint = new Breaking(after: 5) });

        Assert.Equal(GenerationFinish.Refused, (await refused.End).Finish);
        Assert.Equal(GenerationFinish.Length, (await one.End).Finish);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Generate_RowOfNaN_FailsAlone()
    {
        var sut = Engines.Start(
            Open(new TinyDecoder { NaNToken = true, IsPruned = true }.Write(_root), new SimulatedDevice().Place), Options);

        var one = sut.Submit(Engines.Greedy([1, 2, 3], 50));
        var poisoned = sut.Submit(Engines.Greedy([1, TinyDecoder.PoisonToken], 50));

        Assert.Equal(GenerationFinish.Failed, (await poisoned.End).Finish);
        Assert.NotEqual(GenerationFinish.Failed, (await one.End).Finish);
        await sut.StopAsync();
    }

    /// <summary>
    /// The settings allow more rows than the device has memory for: fewer run at a time, and each gives its text. With little reserved,
    /// rows find out while they grow.
    /// </summary>
    [Theory]
    [InlineData(256)]
    [InlineData(8)]
    public async Task Generate_DeviceWithLittleMemory_RunsFewerRowsAndLosesNone(int reservedTokens)
    {
        var folder = new TinyDecoder { IsPruned = true }.Write(_root);
        var prompts = Enumerable.Range(0, 8).Select(i => Prompt(i, 20 + i)).ToList();
        var requests = prompts.Select(prompt => Endless(prompt, 300, SamplingSettings.Greedy)).ToList();
        var expected = await TextsAsync(Open(folder), requests);
        var device = new SimulatedDevice();
        var decoder = Open(folder, device.Place);
        var row = 512 * decoder.Shape.BytesPerPosition;
        device.Memory = device.Used + (4 * row);

        var found = await TextsAsync(
            decoder, requests, new GenerationOptions { MaxRows = 8, MemoryMiB = 64, ReservedTokens = reservedTokens });

        Assert.Equal(expected, found);
        Assert.InRange(device.MostUsed, 1, device.Memory);
    }

    [Fact]
    public async Task Generate_DeviceWithoutMemory_FailsTheRowAndGoesOn()
    {
        var device = new SimulatedDevice();
        var decoder = Open(new TinyDecoder { IsPruned = true }.Write(_root), device.Place);
        var sut = Engines.Start(decoder, Options);
        device.Memory = device.Used;

        var failed = await sut.Submit(Engines.Greedy([1, 2, 3], 10)).End;
        device.Memory = long.MaxValue;
        var end = await sut.Submit(Engines.Greedy([1, 2, 3], 10)).End;

        Assert.Equal((GenerationFinish.Failed, "There is no memory for a row of 3 tokens."), (failed.Finish, failed.Problem));
        Assert.NotEqual(GenerationFinish.Failed, end.Finish);
        await sut.StopAsync();
    }

    /// <summary>Every call of CUDA fails after a device is gone. The rows are interrupted, so their jobs go to another worker.</summary>
    [Fact]
    public async Task Generate_DeviceFallsOffTheBus_RowsAreInterruptedAndTheEngineEnds()
    {
        var device = new SimulatedDevice();
        var sut = Engines.Start(Open(new TinyDecoder { IsPruned = true }.Write(_root), device.Place), Options);

        var texts = Enumerable.Range(0, 6).Select(i => sut.Submit(Endless(Prompt(i, 10), 400, SamplingSettings.Greedy), text =>
        {
            if (text.Count == 20) device.IsLost = true;
            return true;
        })).ToList();

        await Assert.ThrowsAsync<DeviceLostException>(() => sut.Completion);
        foreach (var text in texts) Assert.Equal(GenerationFinish.Interrupted, (await text.End).Finish);
    }

    [Fact]
    public void Open_DeviceWithoutMemory_IsRefused()
    {
        var folder = new TinyDecoder().Write(_root);
        var device = new SimulatedDevice { Memory = 10 };

        var refused = Assert.Throws<AiPlatform.InferenceWorker.Files.ModelProblemException>(() => Open(folder, device.Place).Dispose());

        Assert.Contains("tiny/model.onnx: there is not enough memory on cpu", refused.Message, StringComparison.Ordinal);
        Assert.True(device.IsDisposed);
    }

    [Fact]
    public void CapturedGraphs_MemoryThatMoves_AreNumberedAnewAndThenGivenUp()
    {
        var shape = new FakeDecoder().Shape;
        using var memory = new KeyValueMemory(shape);
        using var sut = new CapturedGraphs(isPossible: true);
        memory.Reshape(2, 10, []);
        Assert.Same(sut.None, sut.For(memory, default, 1));
        sut.Begin();

        var first = sut.For(memory, default, 1);
        var other = sut.For(memory, default, 2);
        Assert.NotSame(first, other);
        Assert.Same(first, sut.For(memory, default, 1));
        HashSet<object> all = [first, other];
        for (var i = 1; i < CapturedGraphs.MaxGenerations; i++)
        {
            memory.Reshape(2, 10 + i, []);
            Assert.True(all.Add(sut.For(memory, default, 1)));
        }

        Assert.True(sut.AreWanted);
        memory.Reshape(2, 100, []);
        Assert.Same(sut.None, sut.For(memory, default, 1));
        Assert.False(sut.AreWanted);
    }

    private static OnnxDecoder Open(string folder, DecoderPlace? place = null) =>
        OnnxDecoder.Open(folder, new DecoderThreads(1, Spin: false), place);

    private static GenerationRequest Endless(int[] prompt, int most, SamplingSettings sampling) =>
        new() { Prompt = prompt, MaxNewTokens = most, Sampling = sampling with { IgnoreEnd = true } };

    private static int[] Prompt(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(0, 30))];
    }

    /// <summary>Rows that choose in every way, with prefixes that are copied, and more than run at a time.</summary>
    private static List<GenerationRequest> RowsOfEveryKind()
    {
        List<SamplingSettings> ways =
        [
            SamplingSettings.Greedy,
            new() { TopK = 5, Seed = 3 },
            new() { TopK = 20, TopP = 0.8f, MinP = 0.01f, Temperature = 1.3f, Seed = 4 },
            new() { Seed = 5 },
            new() { TopP = 0.9f, Seed = 6 },
            SamplingSettings.Greedy with { MinNewTokens = 30 },
            SamplingSettings.Greedy with { LogProbabilities = true, TopLogProbabilities = 2 },
            SamplingSettings.Greedy with { RepetitionPenalty = 1.2f },
            new() { TopK = 1_000, Seed = 7 },
        ];
        var requests = ways.SelectMany((sampling, i) => (GenerationRequest[])
        [
            new() { Prompt = Prompt(i, 1 + (9 * i)), MaxNewTokens = 60, Sampling = sampling, PrefixScope = "tenant" },
            new() { Prompt = Prompt(i, 2 + (9 * i)), MaxNewTokens = 40, Sampling = sampling, PrefixScope = "tenant" },
        ]).ToList();
        foreach (var sampling in (SamplingSettings[])[SamplingSettings.Greedy, new() { TopK = 4, Seed = 8 }, new() { Seed = 9 }])
            requests.Add(new() { Prompt = Prompt(99, 20), MaxNewTokens = 50, Sampling = sampling, Constraint = new EvenTokens() });
        return requests;
    }

    private static Task<List<string>> TextsAsync(OnnxDecoder decoder) => TextsAsync(decoder, RowsOfEveryKind());

    private static async Task<List<string>> TextsAsync(
        OnnxDecoder decoder, IReadOnlyList<GenerationRequest> requests, GenerationOptions? options = null)
    {
        var engine = Engines.Start(decoder, options ?? Options);
        var texts = requests.Select(request => engine.Submit(request)).ToList();
        List<string> found = [];
        foreach (var text in texts)
        {
            var end = await text.End;
            found.Add($"{end.Finish} {end.Problem}: {string.Join(' ', text.Tokens)}");
        }

        await engine.StopAsync();
        return found;
    }

    /// <summary>Allows tokens of even numbers, and the end.</summary>
    private sealed class EvenTokens : ITokenConstraint
    {
        private readonly ulong[] _mask = [0x5555_5555_5555_5555 | 1UL << TinyDecoder.EndToken];

        public ReadOnlySpan<ulong> Mask => _mask;

        public void Accept(int token) => Assert.Equal(0, token % 2);
    }

    /// <summary>Forces two tokens after each that is chosen.</summary>
    private sealed class ForcingTwo : ITokenConstraint
    {
        private int _tokens;

        public ReadOnlySpan<ulong> Mask => [];

        public ReadOnlySpan<int> Forced => _tokens % 3 == 1 ? [3, 5] : [];

        public void Accept(int token) => _tokens++;
    }

    /// <summary>Has no mask after some tokens.</summary>
    private sealed class Breaking(int after) : ITokenConstraint
    {
        private int _tokens;

        public ReadOnlySpan<ulong> Mask => _tokens < after ? [] : throw new TokenConstraintException("It cannot be followed.");

        public void Accept(int token) => _tokens++;
    }
}
