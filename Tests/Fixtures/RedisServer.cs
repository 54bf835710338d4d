using System.Diagnostics;
using System.Net.Sockets;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Fixtures;

/// <summary>
/// A real redis-server of its own on a free port, with an append-only file in a folder of its own. As a class fixture it serves
/// one test class; tests inside keep apart by their queue's name (<see cref="Unique"/>).
/// </summary>
public sealed class RedisServer : IAsyncLifetime
{
    private readonly string[] _arguments;
    private Process? _process;
    private ConnectionMultiplexer? _connection;

    public RedisServer()
        : this([])
    {
    }

    private RedisServer(string[] arguments) => _arguments = arguments;

    public int Port { get; } = FreePort.Next();

    /// <summary>Its working directory, where its append-only file lies.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("ai-redis-").FullName;

    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>A connection of the tests' own.</summary>
    public IConnectionMultiplexer Connection => _connection ??= ConnectionMultiplexer.Connect($"{ConnectionString},abortConnect=false,allowAdmin=true");

    /// <summary>A server with further arguments, such as <c>--maxmemory-policy allkeys-lru</c>; start and dispose it yourself.</summary>
    public static RedisServer With(params string[] arguments) => new(arguments);

    /// <summary>A name that no other test uses.</summary>
    public static string Unique(string prefix) => $"{prefix}-{Guid.NewGuid():n}"[..Math.Min(prefix.Length + 13, 60)];

    public async ValueTask InitializeAsync() => await StartAsync();

    /// <summary>Starts it, also again after <see cref="StopAsync"/> or <see cref="KillAsync"/>, with the data it had.</summary>
    public async Task StartAsync()
    {
        await MendAsync();
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true, WorkingDirectory = Folder };
        string[] arguments =
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", Folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
            "--maxmemory-policy", "noeviction", .. _arguments,
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException("redis-server did not start.");
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        await Poll.UntilAsync(AnswersAsync, "redis-server answers PING");
    }

    /// <summary>SIGTERM: it saves and ends.</summary>
    public Task StopAsync() => EndAsync("-TERM");

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => EndAsync("-KILL");

    /// <summary>Stops it in its tracks, or lets it go on: <c>-STOP</c>, <c>-CONT</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null) await _connection.CloseAsync();
        if (_process is { HasExited: false }) await KillAsync();
        _process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Cuts half a transaction off the end of its file, as <c>./ai up</c> does: Redis 7.0 would apply it at the start after the next.</summary>
    private async Task MendAsync()
    {
        var manifest = Path.Combine(Folder, "appendonlydir", "appendonly.aof.manifest");
        if (!File.Exists(manifest)) return;

        // It asks before it cuts.
        using var check = Process.Start(new ProcessStartInfo("bash", ["-c", "redis-check-aof --fix \"$0\" <<<y", manifest]) { RedirectStandardOutput = true })
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
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            await client.GetStream().WriteAsync("PING\r\n"u8.ToArray());
            var reply = new byte[5];
            await client.GetStream().ReadExactlyAsync(reply);
            return reply.AsSpan().SequenceEqual("+PONG"u8);
        }
        catch (Exception notYet) when (notYet is SocketException or IOException)
        {
            return false;
        }
    }
}
