using System.Text;
using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Chat;

/// <summary>Measures streams of a worker's language model next to a bare loop and llama.cpp, and compares them with the targets.</summary>
internal static class ChatBenchmark
{
    private const string Command = "./ai bench chat";

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "node", "npm");
        await LlamaCpp.InstallAsync(ChatRun.ModelFolder, cancellationToken);

        var all = new List<ChatMeasurement>();
        while (all.Count < runs)
        {
            all.Add(await ChatRun.MeasureAsync(cancellationToken));
            Console.WriteLine($"run {all.Count}: {Describe(all[^1])}");
        }

        foreach (var row in RowsOf(all)) ResultsFile.Append(row, all.Count);
        Console.WriteLine(TableOf(all));
    }

    /// <summary>Every target with what was measured.</summary>
    internal static string TableOf(IReadOnlyList<ChatMeasurement> runs)
    {
        var table = new StringBuilder();
        table.AppendLine().AppendLine(Invariant($"| target, median of {runs.Count} | goal | value | |")).AppendLine("|---|---|---|---|");
        foreach (var target in ChatTarget.All)
        {
            var value = target.Value(runs);
            table.AppendLine(
                $"| {target.What} | {target.GoalText} | {target.Number(value)} | {(target.IsMet(value) ? "met" : "MISSED")} |");
        }

        return table.ToString();
    }

    internal static IEnumerable<ResultRow> RowsOf(IReadOnlyList<ChatMeasurement> runs) => ChatTarget.All.Select(target => new ResultRow
    {
        Command = Command,
        Settings = target.What,
        Ours = target.Ours(runs),
        Peer = $"{(target.Peer is { } peer ? $"{peer(runs)}; " : "")}goal: {target.GoalText}",
        Ratio = target.Unit.Length > 0 ? target.Value(runs) / target.Goal : target.Value(runs),
        Notes = Invariant($"{(target.IsLeast ? "" : "lower is better; ")}others used at most {runs.Max(run => run.OtherCores):0.00} cores"),
    });

    private static string Describe(ChatMeasurement one)
    {
        ChatMeasurement[] run = [one];
        return string.Join("; ", ChatTarget.All.Select(target => $"{target.Ours(run)}{(target.Peer is { } peer ? $" ({peer(run)})" : "")}"))
            + Invariant($"; worker {one.WorkerMicroseconds:0} µs and {one.Scripts:0.00} scripts a token; others used ")
            + Invariant($"{one.OtherCores:0.00} cores");
    }
}
