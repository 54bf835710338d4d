using System.Diagnostics;

namespace AiPlatform.Benchmarks.Results;

/// <summary>Benchmarks/RESULTS.md: a row for each measurement that was kept.</summary>
internal static class ResultsFile
{
    /// <summary>Prints a row, and keeps it if there were enough runs on a quiet machine.</summary>
    public static void Append(ResultRow row, int runs, bool isQuiet = true)
    {
        var line = row.Format(TimeProvider.System.GetUtcNow(), $"{Processor()}, {Environment.ProcessorCount} cores", Commit());
        var isKept = isQuiet && runs >= BenchmarkArguments.LeastRunsKept;
        if (isKept) File.AppendAllText(Checkout.Results, line + "\n");
        Console.WriteLine(isKept ? line : $"(not kept, {runs} runs{(isQuiet ? "" : " on a busy machine")}) {line}");
    }

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(
            line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";

    /// <summary>The commit, with a <c>+</c> if the sources differ from it.</summary>
    private static string Commit()
    {
        var changes = Git("status", "--porcelain", "--", ":/", ":(exclude,top)Benchmarks/RESULTS.md");
        return Git("rev-parse", "--short", "HEAD") + (changes.Length > 0 ? "+" : "");
    }

    private static string Git(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Checkout.Root, .. arguments]) { RedirectStandardOutput = true });
        return git?.StandardOutput.ReadToEnd().Trim() ?? "";
    }
}
