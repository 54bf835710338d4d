using AiPlatform.Benchmarks.Processes;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class QuietRunsTests
{
    [Fact]
    public async Task TakeAsync_SomeRunsNoisy_RepeatsThemAndKeepsTheQuietest()
    {
        double[] others = [0.02, 0.9, 0.03, 0.01];

        var kept = await TakeAsync(3, number => others[number - 1]);

        Assert.Equal([0.01, 0.02, 0.03], kept);
    }

    [Fact]
    public async Task TakeAsync_MachineNeverQuiet_EndsAfterTwiceTheRuns()
    {
        var made = 0;

        var kept = await TakeAsync(3, number => made = number);

        Assert.Equal((6, 3), (made, kept.Count));
        Assert.False(QuietRuns.IsQuiet(kept[0]));
        Assert.Contains("not quiet", QuietRuns.Describe(kept[0]), StringComparison.Ordinal);
    }

    private static Task<IReadOnlyList<double>> TakeAsync(int runs, Func<int, double> measure) =>
        QuietRuns.TakeAsync(runs, number => Task.FromResult(measure(number)), others => others, () => Task.CompletedTask);
}
