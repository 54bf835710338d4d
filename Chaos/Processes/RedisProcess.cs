using System.Diagnostics;
using StackExchange.Redis;

namespace AiPlatform.Chaos.Processes;

/// <summary>
/// A real redis-server of its own on a free port, with an append-only file in a folder of its own.
/// </summary>
/// <param name="arguments">Further arguments of the server, such as <c>--maxmemory-policy allkeys-lru</c>.</param>
public class RedisProcess(params string[] arguments) : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(1);

    private Process? _process;
    private ConnectionMultiplexer? _connection;

    public int Port { get; } = FreePort.Next();

    /// <summary>Its working directory, which has its append-only file.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("ai-redis-").FullName;

    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>A connection for the code that started it.</summary>
    public IConnectionMultiplexer Connection =>
        _connection ??= ConnectionMultiplexer.Connect($"{ConnectionString},abortConnect=false,allowAdmin=true");

    /// <summary>Environment variables of the server.</summary>
    public IReadOnlyList<(string Key, string Value)> Environment { get; init; } = [];

    /// <summary>Starts it, or starts it again with its data after <see cref="StopAsync"/> or <see cref="KillAsync"/>.</summary>
    public Task StartAsync() => StartAsync([]);

    /// <summary>Starts it with further arguments for this start only.</summary>
    public async Task StartAsync(string[] more)
    {
        await MendAsync();
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true, WorkingDirectory = Folder };
        string[] all =
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", Folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
            "--maxmemory-policy", "noeviction", .. arguments, .. more,
        ];
        foreach (var argument in all) start.ArgumentList.Add(argument);
        foreach (var (key, value) in Environment) start.Environment[key] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException("redis-server did not start.");
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        try
        {
            await Waiting.UntilAsync(AnswersAsync, () => "redis-server answers PING", StartBound, CancellationToken.None);
        }
        catch
        {
            if (!_process.HasExited) await KillAsync();
            throw;
        }
    }

    /// <summary>Sends it one command, whatever state it is in; see <see cref="RedisCommand"/>.</summary>
    public Task<string> TellAsync(params string[] command) => RedisCommand.SendAsync(Port, command);

    /// <summary>
    /// Writes all that it has answered to its append-only file. With <c>appendfsync everysec</c> it holds writes back for up to two
    /// seconds while the disk is slow, so a reader of the file calls this first.
    /// </summary>
    public async Task WriteFileAsync()
    {
        const string setting = "appendfsync";
        var flush = (await TellAsync("CONFIG", "GET", setting)).Split('\n')[^1];
        foreach (var value in (string[])["always", flush])
        {
            if (await TellAsync("CONFIG", "SET", setting, value) is not "OK" and var refused)
                throw new InvalidOperationException($"redis-server did not take {setting} {value}: {refused}");
        }
    }

    /// <summary>Sends SIGTERM, after which it saves and exits.</summary>
    public Task StopAsync() => EndAsync("-TERM");

    /// <summary>Sends SIGKILL.</summary>
    public Task KillAsync() => EndAsync("-KILL");

    /// <summary>Suspends or resumes it: <c>-STOP</c>, <c>-CONT</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_connection is not null) await _connection.CloseAsync();
        if (_process is { HasExited: false }) await KillAsync();
        _process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>
    /// Cuts half a transaction off the end of its file, as <c>./ai up</c> does: Redis 7.0 would apply it at the start after the next.
    /// </summary>
    private async Task MendAsync()
    {
        var manifest = Path.Combine(Folder, "appendonlydir", "appendonly.aof.manifest");
        if (!File.Exists(manifest)) return;

        // The tool asks before it cuts the file.
        using var check = Process.Start(
            new ProcessStartInfo("bash", ["-c", "redis-check-aof --fix \"$0\" <<<y", manifest]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("redis-check-aof did not start.");
        var said = await check.StandardOutput.ReadToEndAsync();
        await check.WaitForExitAsync();
        if (check.ExitCode != 0) throw new InvalidOperationException($"The append-only file cannot be mended:\n{said}");
    }

    private async Task EndAsync(string signal)
    {
        await SignalAsync(signal);
        await _process!.WaitForExitAsync();
    }

    private async Task<bool> AnswersAsync()
    {
        if (_process!.HasExited) throw new InvalidOperationException($"redis-server ended with exit code {_process.ExitCode}.");
        try
        {
            return await TellAsync("PING") == "PONG";
        }
        catch (IOException)
        {
            return false;
        }
    }
}
