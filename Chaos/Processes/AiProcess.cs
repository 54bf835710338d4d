using System.Diagnostics;
using System.Text;

namespace AiPlatform.Chaos.Processes;

/// <summary>A real process of the platform, started as <c>./ai up</c> starts it.</summary>
internal sealed class AiProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyBound = TimeSpan.FromMinutes(3);

    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private AiProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written so far.</summary>
    public string LogText
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    /// <param name="project"><c>Gateway</c> or <c>InferenceWorker</c>.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="arguments">Of the command line.</param>
    public static AiProcess Start(string project, IEnumerable<(string Key, string Value)> settings, params string[] arguments) =>
        StartWith(["dotnet"], project, settings, arguments);

    /// <param name="command">The command that gets the program as its last argument. It becomes <c>dotnet</c>, with the same id.</param>
    /// <param name="project"><c>Gateway</c> or <c>InferenceWorker</c>.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="arguments">Of the command line.</param>
    public static AiProcess StartWith(
        string[] command, string project, IEnumerable<(string Key, string Value)> settings, params string[] arguments)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        var start = new ProcessStartInfo(command[0], [.. command[1..], Checkout.Program(project), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        foreach (var (key, value) in settings) start.Environment[key] = value;

        var process = new Process { StartInfo = start };
        var started = new AiProcess(process, address);
        process.OutputDataReceived += started.Keep;
        process.ErrorDataReceived += started.Keep;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return started;
    }

    /// <summary>
    /// Waits until <c>/health</c> answers 200, by default for at most three minutes, because a busy machine loads models slowly.
    /// </summary>
    public Task UntilReadyAsync(HttpClient http, TimeSpan? bound = null, CancellationToken cancellationToken = default) =>
        Waiting.UntilAsync(
        async () =>
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"The process ended with exit code {_process.ExitCode}:\n{LogText}");
            try
            {
                using var reply = await http.GetAsync(new Uri(Address, "/health"), cancellationToken);
                return reply.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        () => $"{string.Join(' ', _process.StartInfo.ArgumentList)} is ready. It says:\n{LogText}",
        bound ?? ReadyBound,
        cancellationToken);

    /// <summary>Sends SIGKILL, as if the machine died.</summary>
    public Task KillAsync() => EndAsync("-KILL");

    /// <summary>Sends SIGTERM, as an orchestrator does. Returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        await EndAsync("-TERM");
        return _process.ExitCode;
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return _process.ExitCode;
    }

    /// <summary>Suspends or resumes it: <c>-STOP</c>, <c>-CONT</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private async Task EndAsync(string signal)
    {
        await SignalAsync(signal);
        await _process.WaitForExitAsync();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log) _log.AppendLine(line.Data);
    }
}
