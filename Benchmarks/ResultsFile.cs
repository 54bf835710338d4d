using System.Diagnostics;

namespace AiPlatform.Benchmarks;

/// <summary>Benchmarks/RESULTS.md: a row for each measurement that was kept.</summary>
internal static class ResultsFile
{
    public static void Append(string root, string command, string settings, string ours, string other, string ratio)
    {
        var row = $"| {TimeProvider.System.GetUtcNow():yyyy-MM-dd} | {Processor()}, {Environment.ProcessorCount} cores | {Commit(root)} | `{command}` | {settings} | {ours} | {other} | {ratio} |";
        File.AppendAllText(Path.Combine(root, "Benchmarks", "RESULTS.md"), row + "\n");
        Console.WriteLine(row);
    }

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";

    private static string Commit(string root)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", root, "rev-parse", "--short", "HEAD"]) { RedirectStandardOutput = true });
        return git?.StandardOutput.ReadToEnd().Trim() ?? "";
    }
}
