using AiPlatform.Benchmarks.Https;
using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class HttpsReportTests
{
    [Fact]
    public void RowsOf_ThreeRuns_ComparesMediansOfBothVersions()
    {
        var runs = new[] { Run(scale: 1), Run(scale: 2), Run(scale: 3) };

        var rows = HttpsReport.RowsOf(runs);

        Assert.Equal(("600 answers/s", "HTTP/1.1: 400 answers/s", 1.5), (rows[0].Ours, rows[0].Peer, rows[0].Ratio));
        Assert.Equal(("300 streams/s", "HTTP/1.1: 200 streams/s", 1.5), (rows[1].Ours, rows[1].Peer, rows[1].Ratio));
        Assert.Equal(("20.0 KB, 3 of 6000 failed", "HTTP/1.1: 200.0 KB, 0 failed", 0.1), (rows[2].Ours, rows[2].Peer, rows[2].Ratio));
        Assert.Equal(("400 µs, 3 of 6000 failed", "HTTP/1.1: 4000 µs, 0 failed", 0.1), (rows[3].Ours, rows[3].Peer, rows[3].Ratio));
        Assert.Contains("CPU µs each: 20, HTTP/1.1 40", rows[0].Notes, StringComparison.Ordinal);
        Assert.All(rows, row => Assert.Contains("at most 0.12 cores", row.Notes, StringComparison.Ordinal));
    }

    private static HttpsRun Run(int scale) => new(
        new HttpsMeasurement(Load(300 * scale, 10 * scale), Load(150 * scale, 10), Waiting(10 * scale, 200 * scale, errors: 1)),
        new HttpsMeasurement(Load(200 * scale, 20 * scale), Load(100 * scale, 10), Waiting(100 * scale, 2_000 * scale, errors: 0)));

    private static WaitingMeasurement Waiting(long kilobytesEach, double microseconds, int errors) => new()
    {
        Clients = HttpsRun.Clients,
        Load = Load(1, microseconds, errors),
        BytesBefore = 1024,
        BytesWaiting = 1024 + (1024 * kilobytesEach * HttpsRun.Clients),
        Health = new HealthTimes(100, 0, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(5)),
    };

    private static LoadMeasurement Load(double perSecond, double microseconds, int errors = 0) => new()
    {
        Load = new LoadResult
        {
            Ok = 1,
            PerSecond = perSecond,
            P50Milliseconds = 1,
            P99Milliseconds = 1,
            Errors = errors,
            Cut = 0,
            SampleError = "",
            GeneratorSeconds = 0,
        },
        CpuMicroseconds = microseconds,
        OtherCores = 0.12,
    };
}
