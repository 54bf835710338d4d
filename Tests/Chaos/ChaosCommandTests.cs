using System.Diagnostics;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Chaos;

/// <summary><c>./ai chaos</c> as a process of its own, small.</summary>
public sealed class ChaosCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_FewJobs_PrintsOneTableWithoutAProblem()
    {
        using var chaos = Start(Path.GetTempPath(), "--jobs", "300", "--seconds", "20", "--seed", "3");

        var said = await chaos.StandardOutput.ReadToEndAsync(Ct);
        await chaos.WaitForExitAsync(Ct);

        Assert.True(chaos.ExitCode == 0, said);
        var rows = said.Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(row => row[1], row => row[2]);
        Assert.Equal(("0", "0", "0", "0"), (rows["lost"], rows["duplicated"], rows["stuck"], rows["wrong"]));
        Assert.NotEqual("0", rows["jobs accepted"]);
        Assert.Contains("time to drain", rows.Keys);
    }

    [Fact]
    public async Task Run_Interrupted_EndsAndLeavesNothingBehind()
    {
        using var folder = new TemporaryFolder();
        using var chaos = Start(folder.Path, "--jobs", "1000000", "--seconds", "600");
        var said = new List<string>();
        while (!said.Exists(line => line.Contains("is killed", StringComparison.Ordinal)))
            said.Add(await chaos.StandardOutput.ReadLineAsync(Ct) ?? throw new InvalidOperationException(string.Join('\n', said)));
        var children = ChildrenOf(chaos.Id);
        Assert.NotEmpty(children);

        // SIGINT is sent as by Ctrl-C, because a shell lets background processes ignore SIGINT.
        using var kill = Process.Start("kill", ["-TERM", $"{chaos.Id}"]);
        said.Add(await chaos.StandardOutput.ReadToEndAsync(Ct));
        await chaos.WaitForExitAsync(Ct);

        Assert.Equal(130, chaos.ExitCode);
        Assert.DoesNotContain(said, line => line.Contains("jobs accepted", StringComparison.Ordinal));
        Assert.DoesNotContain(children, IsRunning);
        Assert.Empty(Directory.GetDirectories(folder.Path, "ai-*"));
    }

    [Fact]
    public async Task Run_Misused_EndsWithTwoAndSaysHowItIsUsed()
    {
        using var chaos = Start(Path.GetTempPath(), "--jobs", "none");
        var said = await chaos.StandardError.ReadToEndAsync(Ct);
        await chaos.WaitForExitAsync(Ct);

        Assert.Equal(2, chaos.ExitCode);
        Assert.Contains("./ai help chaos", said, StringComparison.Ordinal);
    }

    /// <param name="temporary">Its folder for temporary files.</param>
    /// <param name="arguments">Its command line.</param>
    private static Process Start(string temporary, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Checkout.Program("Chaos"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = temporary;
        return Process.Start(start)!;
    }

    private static List<int> ChildrenOf(int parent) =>
        [.. Process.GetProcesses().Select(process => process.Id)
            .Where(id => StatusOf(id).Contains($"PPid:\t{parent}\n", StringComparison.Ordinal))];

    private static bool IsRunning(int id) => StatusOf(id) is { Length: > 0 } status
        && !status.Contains("State:\tZ", StringComparison.Ordinal);

    /// <summary>The state of a process in /proc; empty when it does not exist.</summary>
    private static string StatusOf(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/status");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
