using System.Diagnostics;
using System.Text;

namespace AiPlatform.AppHost;

/// <summary>Runs another program to its end, and keeps what it writes.</summary>
internal static class ProgramRun
{
    /// <param name="start">The program; its output is redirected here.</param>
    /// <param name="heard">Gets each line as it comes, perhaps on several threads; null when nobody wants it.</param>
    /// <param name="cancellationToken">Kills the program, with those that it has started.</param>
    /// <returns>The exit code, and what it has written.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static async Task<(int ExitCode, string Said)> RunAsync(
        ProcessStartInfo start, Action<string>? heard, CancellationToken cancellationToken)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        var said = new StringBuilder();
        using var process = new Process { StartInfo = start };
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
            if (line is null) return;
            heard?.Invoke(line);
            lock (said) said.AppendLine(line);
        }
    }
}
