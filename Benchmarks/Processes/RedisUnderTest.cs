using System.Globalization;
using System.Net.Sockets;
using StackExchange.Redis;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// A new, empty redis-server whose append-only file is flushed every second, as <c>./ai up</c> starts it. The file is never rewritten,
/// because a rewrite would slow down some runs and not others.
/// </summary>
internal sealed class RedisUnderTest : IAsyncDisposable
{
    private readonly string _folder;
    private readonly int _port;
    private ConnectionMultiplexer? _connection;

    private RedisUnderTest(IReadOnlyList<string> launcher)
    {
        _folder = Directory.CreateTempSubdirectory("ai-bench-").FullName;
        _port = FreePort.Next();
        string[] command =
        [
            .. launcher, "redis-server", "--bind", "127.0.0.1", "--port", $"{_port}", "--dir", _folder, "--save", "",
            "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0", "--maxmemory-policy", "noeviction",
        ];
        Process = ChildProcess.Start(command[0], command[1..]);
    }

    public ChildProcess Process { get; }

    public string Port => _port.ToString(CultureInfo.InvariantCulture);

    public string Address => $"127.0.0.1:{_port}";

    /// <summary>Started with <paramref name="launcher"/>, such as <c>taskset -c 0,1</c>.</summary>
    public static async Task<RedisUnderTest> StartAsync(IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        var redis = new RedisUnderTest(launcher);
        try
        {
            await Waiting.UntilAsync(redis.Process, redis.ListensAsync, "redis-server", cancellationToken);
            redis._connection = await ConnectionMultiplexer.ConnectAsync($"{redis.Address},allowAdmin=true");
            return redis;
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    public Task ResetCountersAsync() => AskAsync("CONFIG", "RESETSTAT");

    public async Task<CommandCounts> CountsAsync() => CommandCounts.Parse((string)(await AskAsync("INFO", "commandstats"))!);

    /// <summary>Memory that Redis has allocated.</summary>
    public async Task<long> UsedBytesAsync() =>
        long.Parse(FieldOf((string)(await AskAsync("INFO", "memory"))!, "used_memory"), CultureInfo.InvariantCulture);

    /// <summary>CPU time so far, to the microsecond.</summary>
    public async Task<TimeSpan> CpuTimeAsync()
    {
        var info = (string)(await AskAsync("INFO", "cpu"))!;
        return TimeSpan.FromSeconds(Seconds("used_cpu_user") + Seconds("used_cpu_sys"));

        double Seconds(string name) => double.Parse(FieldOf(info, name), CultureInfo.InvariantCulture);
    }

    /// <summary>Memory of one key; 0 when it does not exist.</summary>
    public async Task<long> BytesOfAsync(string key) =>
        await AskAsync("MEMORY", "USAGE", key, "SAMPLES", "0") is { IsNull: false } bytes ? (long)bytes : 0;

    public async ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        await Process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string FieldOf(string info, string name) =>
        info.Split('\n').First(line => line.StartsWith($"{name}:", StringComparison.Ordinal))[(name.Length + 1)..].Trim();

    private Task<RedisResult> AskAsync(string command, params object[] arguments) =>
        _connection!.GetDatabase().ExecuteAsync(command, arguments);

    private async Task<bool> ListensAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
