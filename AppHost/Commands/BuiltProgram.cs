using System.Diagnostics;
using System.Text;

namespace AiPlatform.AppHost.Commands;

/// <summary>Runs a command of one of the programs that AppHost starts, such as <c>model add</c> or <c>key new</c>.</summary>
internal static class BuiltProgram
{
    /// <param name="project"><c>Gateway</c> or <c>InferenceWorker</c>.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">More variables.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The exit code, and what it has written.</returns>
    public static async Task<(int ExitCode, string Said)> RunAsync(
        string project, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var said = new StringBuilder();
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", [PathOf(project), .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        foreach (var (name, value) in environment) process.StartInfo.Environment[name] = value;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        lock (said) return (process.ExitCode, said.ToString().Trim());

        void Keep(string? line)
        {
            lock (said) said.AppendLine(line);
        }
    }

    /// <summary>The program beside this one in the build's folder: AppHost depends on it.</summary>
    private static string PathOf(string project)
    {
        var bin = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(bin.Parent!.Parent!.FullName, project, bin.Name, $"AiPlatform.{project}.dll");
    }
}
