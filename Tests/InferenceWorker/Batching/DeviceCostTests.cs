using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class DeviceCostTests
{
    public static TheoryData<string> Devices => Costs.All;

    [Theory]
    [MemberData(nameof(Devices))]
    public void Fit_ExactSamples_FindsTheDevice(string name)
    {
        var device = Costs.Named(name);

        var fitted = DeviceCost.Fit([.. Samples(device)]);

        foreach (var tokens in (int[])[1, 20, 64, 200, 4_000])
            Assert.Equal(device.SecondsOf(tokens), fitted.SecondsOf(tokens), tolerance: 1e-9);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Fit_SamplesOffByAFifth_StaysNear(string name) => Prop.ForAll(
        Gen.Choose(0, 20).ArrayOf(12).ToArbitrary(),
        percents =>
        {
            var noisy = Samples(Costs.Named(name)).Select(
                (sample, i) => sample with { Seconds = sample.Seconds * (1 + (percents[i] / 100.0)) });
            var fitted = DeviceCost.Fit([.. noisy]);

            foreach (var tokens in (int[])[32, 64, 200, 1_000])
                Assert.InRange(fitted.SecondsOf(tokens) / Costs.Named(name).SecondsOf(tokens), 0.75, 1.5);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Fit_OneSample_IsFlat() =>
        Assert.Equal(new DeviceCost(0.5, 0, 0), DeviceCost.Fit([new CostSample(1, 1, 0.5)]));

    [Fact]
    public void Fit_LongerRunsMeasuredFaster_IsNeverCheaperThanShorterOnes()
    {
        var fitted = DeviceCost.Fit([new CostSample(1, 8, 0.004), new CostSample(1, 16, 0.003), new CostSample(1, 32, 0.002)]);

        Assert.Equal(0, fitted.SecondsPerToken);
        Assert.InRange(fitted.FixedSeconds, 0.002, 0.004);
    }

    [Fact]
    public void GainOf_LinearDevice_EqualLengthsGainNothingAndPaddingCosts()
    {
        Assert.Equal(0, Costs.Linear.GainOf(3, 20, 20), tolerance: 1e-9);
        Assert.True(Costs.Linear.GainOf(3, 20, 19) < 0);
        Assert.True(Costs.Linear.GainOf(3, 20, 21) < 0);
    }

    [Fact]
    public void GainOf_FlatDevice_EveryRowGainsAWholeRun() =>
        Assert.Equal(Costs.Flat.FixedSeconds, Costs.Flat.GainOf(30, 10, 200), tolerance: 1e-9);

    [Theory]
    [InlineData(1, 30, 21, true)]
    [InlineData(1, 30, 19, false)]
    [InlineData(4, 30, 32, true)]
    [InlineData(4, 30, 33, false)]
    public void GainOf_MixedDevice_PaysForTenTokensOfPadding(int rows, int longest, int length, bool gains) =>
        Assert.Equal(gains, Costs.Mixed.GainOf(rows, longest, length) > 0);

    [Fact]
    public void UsefulTokens_IsWhereTokensCostNextToNothingMore()
    {
        Assert.Equal(1, Costs.Linear.UsefulTokens);
        Assert.Equal(int.MaxValue, Costs.Flat.UsefulTokens);
        Assert.Equal(200, Costs.Mixed.UsefulTokens);
        Assert.InRange(Costs.Saturating.UsefulTokens, 1_440, 1_441);
    }

    /// <summary>The values that a measurement would give: lengths 8 to 32, then 2 to 32 rows, then longer ones.</summary>
    private static IEnumerable<CostSample> Samples(DeviceCost device)
    {
        (int Rows, int Length)[] shapes =
            [(1, 8), (1, 16), (1, 32), (2, 32), (4, 32), (8, 32), (16, 32), (32, 32), (32, 64), (32, 128), (32, 256)];
        return shapes.Select(shape => new CostSample(shape.Rows, shape.Length, device.SecondsOf(shape.Rows * shape.Length)));
    }
}
