using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class ProvidersReportTests
{
    [Fact]
    public void RowsOf_ThreeRuns_ComparesMediansOfTheSameRun()
    {
        var runs = new[] { Run(scale: 1), Run(scale: 2), Run(scale: 3) };

        var rows = ProvidersReport.RowsOf(runs);

        // 0.2 - 0.1 ms next to 0.9 - 0.1 ms, twice in the middle run.
        Assert.Equal(("0.200 ms", 0.125), (rows[0].Ours, Math.Round(rows[0].Ratio, 3)));
        Assert.Equal(("2000 answers/s", 10), (rows[2].Ours, Math.Round(rows[2].Ratio, 3)));
        Assert.Equal(("20000 answers/s, 3 of 60000 lost", 0.1), (rows[5].Ours, Math.Round(rows[5].Ratio, 3)));
        Assert.Equal(("20.0 KB, 3 of 24000 failed", 1), (rows[6].Ours, rows[6].Ratio));
        Assert.Equal(("75.0 ms, 3 of 300 failed", 1.5), (rows[7].Ours, rows[7].Ratio));
        const string Bare = "a bare proxy in .NET";
        Assert.Contains($"{Bare}: 0.100 ms", rows[0].Notes, StringComparison.Ordinal);
        Assert.Contains($"{Bare} 100; {Bare}: 4000 answers/s", rows[2].Notes, StringComparison.Ordinal);
        Assert.Contains($"{Bare}: 40000 answers/s", rows[5].Notes, StringComparison.Ordinal);
        Assert.Contains($"{Bare}: 16.0 KB", rows[6].Notes, StringComparison.Ordinal);
        Assert.Contains($"{Bare}: 30.0 ms, p99 5.0 ms", rows[7].Notes, StringComparison.Ordinal);
        Assert.All(rows, row => Assert.Contains("at most 0.12 cores", row.Notes, StringComparison.Ordinal));
    }

    private static ProvidersRun Run(int scale) => new()
    {
        Ours = Measurement(0.2 * scale, 1_000 * scale, Load(0, 10_000 * scale, errors: 1)),
        Peer = Measurement(0.9 * scale, 100 * scale, null),
        Direct = Measurement(0.1 * scale, 9_000 * scale, Load(0, 100_000 * scale)),
        Limit = Measurement(0.15 * scale, 2_000 * scale, Load(0, 20_000 * scale)),
        Waiting = WaitingOf(10 * scale, longestMilliseconds: 25 * scale),
        WaitingLimit = WaitingOf(8 * scale, longestMilliseconds: 15 * scale),
    };

    private static WaitingMeasurement WaitingOf(long kilobytesEach, int longestMilliseconds) => new()
    {
        Clients = WaitingRun.Clients,
        Load = Load(0, 1, errors: 1),
        BytesBefore = 1024,
        BytesWaiting = 1024 + (1024 * kilobytesEach * WaitingRun.Clients),
        Health = new HealthTimes(100, 1, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(longestMilliseconds)),
    };

    private static ProxyMeasurement Measurement(double milliseconds, double perSecond, LoadMeasurement? users) => new()
    {
        OneByOne = Load(milliseconds, perSecond),
        Together = Load(milliseconds, perSecond),
        StreamsByChunks = Load(milliseconds, perSecond),
        StreamsAtOnce = Load(milliseconds, perSecond),
        Users = users,
    };

    private static LoadMeasurement Load(double milliseconds, double perSecond, int errors = 0) => new()
    {
        Load = new LoadResult
        {
            Ok = 1,
            PerSecond = perSecond,
            P50Milliseconds = milliseconds,
            P99Milliseconds = milliseconds,
            Errors = errors,
            Cut = 0,
            SampleError = "",
            GeneratorSeconds = 0,
        },
        CpuMicroseconds = 100,
        OtherCores = 0.12,
    };
}
