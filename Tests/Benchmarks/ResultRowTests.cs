using AiPlatform.Benchmarks.Results;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class ResultRowTests
{
    [Fact]
    public void Format_BarsAndLineBreaks_StayInsideTheirCells()
    {
        var row = new ResultRow
        {
            Command = "./ai bench x",
            Settings = "a|b\nc",
            Ours = "2 jobs/s",
            Peer = "other: 1 jobs/s",
            Ratio = 2.004,
        };

        var line = row.Format(new DateTimeOffset(2026, 11, 25, 0, 0, 0, TimeSpan.Zero), "a machine", "abc1234");

        Assert.Equal("| 2026-11-25 | a machine | abc1234 | `./ai bench x` | a\\|b c | 2 jobs/s | other: 1 jobs/s | 2.00 |  |", line);
    }
}
