using AiPlatform.Benchmarks.Plots;
using Xunit;
using Checkout = AiPlatform.Benchmarks.Checkout;

namespace AiPlatform.Tests.Benchmarks;

/// <summary>The pictures of <c>docs/performance.md</c>.</summary>
public sealed class PlotsTests
{
    private const string Old =
        "| 2026-11-25 | CPU, 2 cores | aaaaaaa | `./ai bench queue` | throughput; 20 jobs | 10 jobs/s | BullMQ 6.7.0: 8 jobs/s | 1.25 | quiet |";

    private const string New =
        "| 2026-11-26 | CPU, 2 cores | bbbbbbb | `./ai bench queue` | throughput; 30 jobs | 24 jobs/s | BullMQ 6.7.0: 8 jobs/s | 3.00 | quiet |";

    private const string Latency =
        @"| 2026-11-26 | CPU, 2 cores | bbbbbbb | `./ai bench queue` | latency a \| b; 30 jobs | 2 ms | <peer>: 4 ms | 0.50 | lower is better; x |";

    [Fact]
    public void Newest_SeveralRowsOfOneProperty_TheLastCounts()
    {
        var rows = PlottedRow.Newest(["# Measured", Old, "| date | machine |", Latency, New]);

        Assert.Equal(
            [
                Row("throughput", "24 jobs/s", "BullMQ 6.7.0: 8 jobs/s", 3, lowerIsBetter: false),
                Row("latency a | b", "2 ms", "<peer>: 4 ms", 0.5, lowerIsBetter: true),
            ],
            rows);
    }

    [Fact]
    public void Draw_TwoProperties_BarsHaveTheirRatio_AndTextsAreEscaped()
    {
        var picture = BarPlot.Draw(PlottedRow.Newest([New, Latency]));

        Assert.Contains("throughput: 3.00 ×", picture, StringComparison.Ordinal);
        Assert.Contains("latency a | b: 0.50 ×, lower is better", picture, StringComparison.Ordinal);
        Assert.Contains("&lt;peer&gt;: 4 ms", picture, StringComparison.Ordinal);
        var widths = System.Xml.Linq.XDocument.Parse(picture).Descendants()
            .Where(one => one.Attribute("class")?.Value is "ours" or "peer").Select(one => (int)one.Attribute("width")!);
        Assert.Equal([380, 127, 190, 380], widths);
    }

    [Fact]
    public void Pictures_OfTheDocumentation_AreThoseOfTheKeptRows()
    {
        var drawn = PlotFiles.Draw(File.ReadLines(Checkout.Results));

        Assert.NotEmpty(drawn);
        foreach (var (name, picture) in drawn)
        {
            var file = Path.Combine(Checkout.Pictures, name);
            Assert.True(File.Exists(file) && File.ReadAllText(file) == picture, $"docs/images/{name} is old: run './ai bench --plot'.");
        }
    }

    private static PlottedRow Row(string what, string ours, string peer, double ratio, bool lowerIsBetter) =>
        new("queue", what, ours, peer, ratio, lowerIsBetter, "2026-11-26", "CPU, 2 cores", "bbbbbbb");
}
