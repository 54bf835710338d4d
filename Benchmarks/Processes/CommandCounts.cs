using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>The commands that Redis ran since its counters were reset, including commands inside scripts.</summary>
/// <param name="Calls">By the command's name.</param>
internal sealed record CommandCounts(IReadOnlyDictionary<string, long> Calls)
{
    private static readonly string[] OurQuestions = ["info", "config|resetstat", "memory|usage"];

    private static readonly string[] ScriptCommands = ["evalsha", "eval", "fcall"];

    /// <summary>Time inside scripts, in microseconds.</summary>
    public long ScriptMicroseconds { get; private init; }

    public long Commands => Calls.Values.Sum();

    /// <summary>Script calls, which are about the round trips of state changes.</summary>
    public long Scripts => ScriptCommands.Sum(command => Calls.GetValueOrDefault(command));

    /// <summary>Reads <c>INFO commandstats</c>: lines such as <c>cmdstat_evalsha:calls=2,usec=…</c>.</summary>
    public static CommandCounts Parse(string info)
    {
        const string Prefix = "cmdstat_";
        const string Field = ":calls=";
        const string Time = ",usec=";
        var calls = new Dictionary<string, long>();
        var scripts = 0L;
        foreach (var line in info.Split('\n'))
        {
            if (!line.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            if (line.IndexOf(Field, StringComparison.Ordinal) is not (> 0 and var at)) continue;

            var name = line[Prefix.Length..at];
            if (OurQuestions.Contains(name)) continue;
            calls[name] = Number(line, at + Field.Length);
            var time = line.IndexOf(Time, at, StringComparison.Ordinal);
            if (time > 0 && ScriptCommands.Contains(name)) scripts += Number(line, time + Time.Length);
        }

        return new CommandCounts(calls) { ScriptMicroseconds = scripts };
    }

    private static long Number(string line, int from) =>
        long.Parse(line.AsSpan(from, line.IndexOf(',', from) - from), CultureInfo.InvariantCulture);

    /// <summary>The commands with at least one call in a hundred jobs, the most frequent first: <c>hset 3.00, evalsha 2.51</c>.</summary>
    public string PerJob(int jobs) => string.Join(", ", Calls
        .Where(call => call.Value >= jobs / 100d)
        .OrderByDescending(call => call.Value)
        .Select(call => string.Create(CultureInfo.InvariantCulture, $"{call.Key} {(double)call.Value / jobs:0.00}")));
}
