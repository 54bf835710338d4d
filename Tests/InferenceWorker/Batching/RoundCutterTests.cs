using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class RoundCutterTests
{
    private static readonly BatchLimits Limits = new(MaxRows: 4, MaxTokens: 100);

    public static TheoryData<string> Devices => Costs.All;

    [Fact]
    public void Cut_LinearDevice_RowsRunAlone() =>
        Assert.Equal(["20", "20", "21"], Cut(Costs.Linear, 4, 20, 20, 21));

    [Fact]
    public void Cut_FlatDevice_AnyLengthsShareABatch() =>
        Assert.Equal(["1 13 24 25"], Cut(Costs.Flat, 4, 25, 1, 13, 24));

    [Fact]
    public void Cut_MixedDevice_WeighsPaddingAgainstRuns() =>
        // A run is worth 10 tokens: 20 beside 26 pads 6, 12 beside 26 would pad 14.
        Assert.Equal(["20 24 26", "60", "12"], Cut(Costs.Mixed, 4, 24, 60, 26, 12, 20));

    [Fact]
    public void Cut_LongestRowThatWouldTakeOthers_LeavesThemToAShorterBatch() =>
        Assert.Equal(["30", "20 21 22"], Cut(Costs.Mixed, 4, 30, 22, 21, 20));

    [Fact]
    public void Cut_SaturatingDevice_FillsWhatIsFree() =>
        Assert.Equal(["5 30 60", "250"], Cut(Costs.Saturating, 4, new BatchLimits(8, 1_000), 60, 250, 5, 30));

    [Fact]
    public void Cut_MoreThanTheRowLimit_IsTwoBatches() =>
        Assert.Equal(["5 5 5 5", "5"], Cut(Costs.Flat, 4, 5, 5, 5, 5, 5));

    [Fact]
    public void Cut_MoreThanTheTokenLimit_CountsPadding() =>
        Assert.Equal(["40 40", "40"], Cut(Costs.Flat, 4, 40, 40, 40));

    [Fact]
    public void Cut_RowOverTheTokenLimit_RunsAlone() =>
        Assert.Equal(["200", "1"], Cut(Costs.Flat, 4, 200, 1));

    [Fact]
    public void Cut_FewerRowsWanted_LeavesSomeToOtherThreads() =>
        Assert.Equal(["5 5", "5 5"], Cut(Costs.Flat, 2, 5, 5, 5, 5));

    [Fact]
    public void Cut_MoreThanFiveBatches_TakesTheOldestRowsOnly() =>
        Assert.Equal(["50", "10", "40", "20", "30"], Cut(Costs.Linear, 4, 50, 10, 40, 20, 30, 60, 50));

    [Fact]
    public void Cut_RequestThatIsCutApart_ItsSecondBatchIsBehindTheOthers()
    {
        var (big, single) = (Request(60, 30), Request(90));

        var batches = new RoundCutter(Limits, Costs.Flat).Cut([.. Enumerable.Reverse(big.Waiting), .. single.Waiting], 4);

        Assert.Equal(["60", "90", "30"], batches.Select(Describe));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Cut_AnyRows_IsNeverDearerThanFillingEachBatch(string device) => Prop.ForAll(
        Gen.Choose(1, 64).NonEmptyListOf().ToArbitrary(),
        lengths =>
        {
            var cost = Costs.Named(device);
            var rows = lengths.Select(length => Request(length).Waiting[0]).ToList();

            var batches = new RoundCutter(Limits, cost).Cut(rows, Limits.MaxRows);

            Assert.InRange(batches.Count, 1, RoundCutter.MaxBatches);
            var taken = batches.Sum(batch => batch.Count);
            Assert.Equal(rows.Take(taken).Select(row => row.Request).ToHashSet(),
                batches.SelectMany(batch => batch).Select(row => row.Request).ToHashSet());
            Assert.InRange(batches.Sum(batch => SecondsOf(cost, batch)), 0, SecondsOfFilling(cost, rows.Take(taken)) * 1.000001);
        }).QuickCheckThrowOnFailure();

    private static IEnumerable<string> Cut(DeviceCost cost, int mostRows, params int[] lengths) => Cut(cost, mostRows, Limits, lengths);

    private static IEnumerable<string> Cut(DeviceCost cost, int mostRows, BatchLimits limits, params int[] lengths) =>
        new RoundCutter(limits, cost).Cut([.. lengths.Select(length => Request(length).Waiting[0])], mostRows).Select(Describe);

    private static string Describe(List<WaitingRow> batch) => string.Join(' ', batch.Select(row => row.Length).Order());

    private static double SecondsOf(DeviceCost cost, List<WaitingRow> batch) => cost.SecondsOf(batch.Count * batch.Max(row => row.Length));

    /// <summary>Beginning with the longest row, each batch takes rows while they fit and save time.</summary>
    private static double SecondsOfFilling(DeviceCost cost, IEnumerable<WaitingRow> rows)
    {
        List<List<WaitingRow>> batches = [];
        foreach (var row in rows.OrderByDescending(row => row.Length))
        {
            if (batches is [.., var last] && Limits.Allow(last.Count + 1, last[0].Length)
                && cost.GainOf(last.Count, last[0].Length, row.Length) > 0)
            {
                last.Add(row);
            }
            else
            {
                batches.Add([row]);
            }
        }

        return batches.Sum(batch => SecondsOf(cost, batch));
    }

    private static RowRequest Request(params int[] lengths) =>
        new(Array.ConvertAll(lengths, length => new int[length]));
}
