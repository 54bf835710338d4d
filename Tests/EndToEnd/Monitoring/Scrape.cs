using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Monitoring;

/// <summary>The series of answers of <c>/metrics</c>, in Prometheus' text form.</summary>
internal sealed partial class Scrape
{
    private readonly List<(string Metric, IReadOnlyDictionary<string, string> Labels, double Value)> _series = [];

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)(?: \d+)?(?: # .*)?$""")]
    private static partial Regex Line { get; }

    [GeneratedRegex("""(?<label>[a-zA-Z_]\w*)="(?<value>(?:[^"\\]|\\.)*)",?""")]
    private static partial Regex Label { get; }

    public IEnumerable<string> Metrics => _series.Select(one => one.Metric).Distinct();

    /// <summary>Adds an answer.</summary>
    /// <param name="text">The answer.</param>
    /// <param name="job">The name that Prometheus gives the process, as the label <c>job</c>.</param>
    public Scrape Add(string text, string job)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#')))
        {
            var match = Line.Match(line);
            Assert.True(match.Success, $"'{line}' is no line of Prometheus' text form");
            var labels = Label.Matches(match.Groups["labels"].Value).ToDictionary(
                one => one.Groups["label"].Value, one => one.Groups["value"].Value);
            labels["job"] = job;
            labels["instance"] = $"{job}:9464";
            _series.Add((match.Groups["name"].Value, labels, double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)));
        }

        _series.Add(("up", new Dictionary<string, string> { ["job"] = job, ["instance"] = $"{job}:9464" }, 1));
        return this;
    }

    public IEnumerable<IReadOnlyDictionary<string, string>> Of(string metric) =>
        _series.Where(one => one.Metric == metric).Select(one => one.Labels);

    /// <summary>The values of a metric by one of its labels.</summary>
    public Dictionary<string, double> By(string label, string metric) =>
        _series.Where(one => one.Metric == metric).ToDictionary(one => one.Labels[label], one => one.Value);
}
