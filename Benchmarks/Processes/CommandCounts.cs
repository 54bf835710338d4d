using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>The commands that Redis ran since its counters were reset, including commands inside scripts.</summary>
/// <param name="Calls">By the command's name.</param>
internal sealed record CommandCounts(IReadOnlyDictionary<string, long> Calls)
{
    private static readonly string[] OurQuestions = ["info", "config|resetstat", "memory|usage"];

    public long Commands => Calls.Values.Sum();

    /// <summary>Script calls, which are about the round trips of state changes.</summary>
    public long Scripts => Calls.GetValueOrDefault("evalsha") + Calls.GetValueOrDefault("eval") + Calls.GetValueOrDefault("fcall");

    /// <summary>Reads <c>INFO commandstats</c>: lines such as <c>cmdstat_evalsha:calls=2,usec=…</c>.</summary>
    public static CommandCounts Parse(string info)
    {
        const string Prefix = "cmdstat_";
        const string Field = ":calls=";
        var calls = new Dictionary<string, long>();
        foreach (var line in info.Split('\n'))
        {
            if (!line.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            if (line.IndexOf(Field, StringComparison.Ordinal) is not (> 0 and var at)) continue;

            var name = line[Prefix.Length..at];
            if (!OurQuestions.Contains(name))
            {
                calls[name] = long.Parse(
                    line.AsSpan(at + Field.Length).Slice(0, line.IndexOf(',', at) - at - Field.Length), CultureInfo.InvariantCulture);
            }
        }

        return new CommandCounts(calls);
    }

    /// <summary>The commands with at least one call in a hundred jobs, the most frequent first: <c>hset 3.00, evalsha 2.51</c>.</summary>
    public string PerJob(int jobs) => string.Join(", ", Calls
        .Where(call => call.Value >= jobs / 100d)
        .OrderByDescending(call => call.Value)
        .Select(call => string.Create(CultureInfo.InvariantCulture, $"{call.Key} {(double)call.Value / jobs:0.00}")));
}
