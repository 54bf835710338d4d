using System.Diagnostics;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Commands;

/// <summary>A models' folder on a small disk of its own, which only a process in its own namespace sees.</summary>
public sealed class DiskFullTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("size=200k", "The model has ")]
    [InlineData("nr_inodes=5", "No space left on device")]
    public async Task Add_NoRoom_SaysSoAndLeavesNothing(string disk, string reason)
    {
        var source = HubFolders.Classifier(_folder.Path);
        var models = Directory.CreateDirectory(Path.Combine(_folder.Path, "models")).FullName;

        var (exitCode, output) = await RunAsync(
            $"mount -t tmpfs -o {disk} none '{models}' || exit 77; dotnet '{Checkout.Program("InferenceWorker")}' model add '{source}'; "
            + $"echo \"exit code $?\"; ls -A '{models}'",
            models);

        Assert.SkipWhen(exitCode == 77 || output.Contains("unshare: ", StringComparison.Ordinal), "This machine gives tests no disk of their own.");
        Assert.Contains(reason, output, StringComparison.Ordinal);
        Assert.EndsWith("exit code 1\n.lock\n", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<(int ExitCode, string Output)> RunAsync(string script, string models)
    {
        var start = new ProcessStartInfo("unshare", ["-rm", "sh", "-c", $"exec 2>&1; {script}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["Models__Path"] = models;
        start.Environment["Models__Device"] = "cpu";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, await output + await errors);
    }
}
