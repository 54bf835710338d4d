using System.Diagnostics;
using System.Text;
using AiPlatform.Tests.Fixtures;

namespace AiPlatform.Tests.Cli;

/// <summary>Runs the program of the tool <c>aiplatform</c> as a process.</summary>
internal sealed class CliProcess : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    /// <summary>A shell's background jobs ignore SIGINT, and so would the program if the tests run in one.</summary>
    private static readonly string[] Command = ["env", "--default-signal=INT", "dotnet", Checkout.Program("Cli")];

    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Process _process;
    private readonly Task _reading;

    private CliProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput, _output), ReadAsync(_process.StandardError, _errors));
    }

    /// <summary>Its output so far.</summary>
    public string Output => TextOf(_output);

    /// <summary>Its standard error so far.</summary>
    public string Errors => TextOf(_errors);

    /// <summary>Starts it with pipes on a simulated build server, where its output must be plain text, too.</summary>
    public static CliProcess Start(params string[] arguments) => Start(url: null, arguments);

    /// <summary>Starts it in the same way, with the Gateway's address and the caller's key in its environment.</summary>
    public static CliProcess Start(string? url, string[] arguments, string? key = null)
    {
        var start = new ProcessStartInfo(Command[0], [.. Command[1..], .. arguments]);
        start.Environment["GITHUB_ACTIONS"] = "true";
        (start.Environment["AI_URL"], start.Environment["AI_API_KEY"]) = (url, key);
        return new CliProcess(start);
    }

    /// <summary>Starts it in the same way, with a redirection of a shell, such as <c>&lt;&amp;-</c>.</summary>
    public static CliProcess StartRedirected(string redirection, string? url, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"exec \"$@\" {redirection}", "bash", .. Command, .. arguments]);
        (start.Environment["AI_URL"], start.Environment["AI_API_KEY"]) = (url, null);
        return new CliProcess(start);
    }

    /// <summary>Starts it on a terminal of its own. <see cref="Output"/> has the output and the errors.</summary>
    public static CliProcess StartOnTerminal(params string[] arguments)
    {
        // Without exec some shells stay as the parent. Ctrl-C interrupts them, too, and then their exit code is reported.
        var start = new ProcessStartInfo(
            "script", ["-qec", $"exec {string.Join(' ', [.. Command, .. arguments])}", "/dev/null"]);
        start.Environment["TERM"] = "xterm-256color";
        return new CliProcess(start);
    }

    public async Task SendAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Sends SIGINT to the process, as a terminal does for Ctrl-C.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public Task UntilAsync(Func<CliProcess, bool> isSo, string what) =>
        Poll.UntilAsync(() => isSo(this), () => $"{what}; its output and errors:\n{Output}\n{Errors}", Bound);

    /// <summary>Closes its input, and waits until it has ended.</summary>
    public async Task<int> EndAsync()
    {
        _process.StandardInput.Close();
        return await ExitCodeAsync();
    }

    /// <summary>Waits until it has ended.</summary>
    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Bound);
        await _reading.WaitAsync(Bound);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string TextOf(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4_096];
        while (await reader.ReadAsync(buffer) is var read and > 0)
        {
            lock (text) text.Append(buffer, 0, read);
        }
    }
}
