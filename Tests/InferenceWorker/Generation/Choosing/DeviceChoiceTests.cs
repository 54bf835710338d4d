using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Generation.Choosing;
using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Choosing;

/// <summary>The graph that chooses on a device, run on the CPU, where its operators are the same.</summary>
public sealed class DeviceChoiceTests
{
    private const int Vocabulary = 1_001;

    [Theory]
    [InlineData(Vocabulary, false)]
    [InlineData(1_003, false)]
    [InlineData(1_008, true)]
    public void TryGet_RowsWithAndWithoutForbiddenTokens_AreTheLikeliestAllowedOnes(int stride, bool isHalf)
    {
        const int Rows = 3;
        var logits = Logits(Rows, stride);
        // The largest logits are of no token.
        for (var row = 0; row < Rows; row++) logits.AsSpan(row * stride + Vocabulary, stride - Vocabulary).Fill(90);
        List<int> downloaded = [];
        using var memory = new Numbers(logits, isHalf);
        using var sut = Sut(stride, isHalf, downloaded.Add);

        sut.Begin(Rows);
        sut.Narrow(0);
        sut.Narrow(2);
        sut.Stepped(memory.Address);
        for (var token = 0; token < Vocabulary; token += 2) sut.MaskOf(2)[token / 8] &= ~(1 << token % 8);
        sut.Run();

        Assert.Empty(downloaded);
        Assert.False(sut.TryGet(1, out _, out _));
        foreach (var (row, step) in ((int, int)[])[(0, 1), (2, 2)])
        {
            Assert.True(sut.TryGet(row, out var tokens, out var found));
            var expected = Enumerable.Range(0, Vocabulary).Where(token => step == 1 || token % 2 == 1)
                .OrderByDescending(token => memory.Read(row * stride + token)).ThenBy(token => token).Take(sut.Count).ToList();
            Assert.Equal(expected.Select(token => (long)token), tokens.ToArray());
            Assert.Equal(expected.Select(token => memory.Read(row * stride + token)), found.ToArray());
        }
    }

    [Fact]
    public void Run_NothingAllowed_GivesMinusInfinity()
    {
        using var memory = new Numbers(Logits(1, Vocabulary), isHalf: false);
        using var sut = Sut(Vocabulary, isHalf: false, _ => { });

        sut.Begin(1);
        sut.Narrow(0);
        sut.Stepped(memory.Address);
        sut.MaskOf(0).Clear();
        sut.Run();

        Assert.True(sut.TryGet(0, out _, out var logits));
        Assert.All(logits.ToArray(), logit => Assert.Equal(float.NegativeInfinity, logit));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Run_LogitsThatAreNotFinite_AreChosenFromAll(float logit)
    {
        var logits = Logits(2, Vocabulary);
        logits[Vocabulary + 500] = logit;
        List<int> downloaded = [];
        using var memory = new Numbers(logits, isHalf: false);
        using var sut = Sut(Vocabulary, isHalf: false, downloaded.Add);

        sut.Begin(2);
        sut.Narrow(0);
        sut.Narrow(1);
        sut.Stepped(memory.Address);
        sut.Run();

        Assert.Equal([1], downloaded);
        Assert.True(sut.TryGet(0, out _, out _));
        Assert.False(sut.TryGet(1, out _, out _));
    }

    [Fact]
    public void Begin_FewerRowsThanBefore_ForgetsThem()
    {
        using var memory = new Numbers(Logits(4, Vocabulary), isHalf: false);
        using var sut = Sut(Vocabulary, isHalf: false, _ => { });
        sut.Begin(4);
        sut.Narrow(3);
        sut.Stepped(memory.Address);
        sut.Run();

        sut.Begin(2);

        Assert.False(sut.IsNarrow(0));
        Assert.False(sut.IsNarrow(3));
        Assert.False(sut.IsNarrow(99));
    }

    private static DeviceChoice Sut(int stride, bool isHalf, Action<int> download) => new(
        Vocabulary, stride, isHalf ? TensorElementType.Float16 : TensorElementType.Float, DecoderPlace.Cpu, OrtMemoryInfo.DefaultInstance,
        download);

    private static float[] Logits(int rows, int stride)
    {
        var random = new Random(stride);
        return [.. Enumerable.Range(0, rows * stride).Select(_ => (float)(random.NextDouble() * 40 - 20))];
    }

    /// <summary>Numbers at an address.</summary>
    private sealed class Numbers : IDisposable
    {
        private readonly Half[] _half;
        private readonly float[] _numbers;
        private readonly bool _isHalf;
        private readonly GCHandle _handle;

        public Numbers(float[] numbers, bool isHalf)
        {
            (_numbers, _half, _isHalf) = (numbers, [.. numbers.Select(number => (Half)number)], isHalf);
            _handle = GCHandle.Alloc(isHalf ? _half : numbers, GCHandleType.Pinned);
        }

        public nint Address => _handle.AddrOfPinnedObject();

        public float Read(int index) => _isHalf ? (float)_half[index] : _numbers[index];

        public void Dispose() => _handle.Free();
    }
}
