using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class CostMeasurementTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Measure_DeviceOfKnownCost_FindsIt(int parallelRuns)
    {
        var session = new CostingSession(Costs.Mixed);

        var fitted = DeviceCost.Fit(CreateSut(session, parallelRuns).Measure());

        Assert.Equal(Costs.Mixed.SecondsOf(20), fitted.SecondsOf(20), tolerance: 1e-5);
        Assert.Equal(Costs.Mixed.SecondsOf(250), fitted.SecondsOf(250), tolerance: 1e-5);
    }

    [Fact]
    public void Measure_FastDevice_EndsWithTheModelsLargestRun()
    {
        var samples = CreateSut(new CostingSession(new DeviceCost(1e-6, 0, 0)), 1).Measure();

        Assert.Equal((32, 256), (samples[^1].Rows, samples[^1].Length));
        Assert.All(samples, sample => Assert.InRange(sample.Rows, 1, 32));
    }

    [Fact]
    public void Measure_SlowDevice_EndsAfterThreeShapes()
    {
        var session = new CostingSession(new DeviceCost(1, 0.01, 0));

        var samples = CreateSut(session, 1).Measure();

        Assert.Equal([(1, 8), (1, 16), (1, 32)], samples.Select(sample => (sample.Rows, sample.Length)));
    }

    [Fact]
    public void Measure_LargerShapes_AreNotBegunPastTheBudget()
    {
        var session = new CostingSession(Costs.Mixed);

        CreateSut(session, 1).Measure();

        Assert.InRange(session.Now.TotalSeconds, 0.3, 0.8);
    }

    [Fact]
    public void Measure_ModelThatFails_Throws()
    {
        var session = new CostingSession(Costs.Mixed) { IsBroken = true };

        Assert.Throws<InvalidOperationException>(() => CreateSut(session, 2).Measure());
    }

    [Fact]
    public void Measure_DeviceWithLittleMemory_EndsWithTheLargestRunThatFits()
    {
        List<int> tooLarge = [];
        var session = new CostingSession(new DeviceCost(1e-6, 0, 0)) { MostTokens = 1_000 };
        var sut = CreateSut(session, 2, (tokens, _) => tooLarge.Add(tokens));

        var samples = sut.Measure();
        var limits = sut.RunLargest(new BatchLimits(32, 8_192));

        Assert.Equal(512, samples[^1].Tokens);
        Assert.Equal([1_024, 8_192, 4_096, 2_048, 1_024], tooLarge);
        Assert.Equal(new BatchLimits(32, 512), limits);
    }

    [Fact]
    public void RunLargest_DeviceWithoutMemoryForOneRow_Throws()
    {
        var session = new CostingSession(Costs.Mixed) { MostTokens = 100 };

        Assert.Throws<InvalidOperationException>(
            () => CreateSut(session, 1, (_, _) => { }).RunLargest(new BatchLimits(32, 8_192)));
    }

    private static CostMeasurement CreateSut(CostingSession session, int parallelRuns, Action<int, Exception> onTooLarge) =>
        new(session, Manifests.Shipped, parallelRuns, tokenId: 0, () => session.Now) { OnTooLarge = onTooLarge };

    private static CostMeasurement CreateSut(CostingSession session, int parallelRuns) =>
        new(session, Manifests.Shipped, parallelRuns, tokenId: 0, () => session.Now);

    /// <summary>A device with a clock of its own, whose runs take their cost.</summary>
    private sealed class CostingSession(DeviceCost cost) : IRowSession
    {
        private readonly Lock _gate = new();

        public TimeSpan Now { get; private set; }

        public bool IsBroken { get; init; }

        /// <summary>A run of more fails.</summary>
        public int MostTokens { get; init; } = int.MaxValue;

        public int NumbersOf(int tokens) => tokens;

        public ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows, RunBuffers buffers)
        {
            if (IsBroken) throw new InvalidOperationException("The device is gone.");
            if (rows.Length * rows[0].Length > MostTokens) throw new InvalidOperationException("There is no memory left.");
            lock (_gate) Now += TimeSpan.FromSeconds(cost.SecondsOf(rows.Length * rows[0].Length));
            return buffers.Numbers.Span;
        }

        public void Dispose()
        {
        }
    }
}
