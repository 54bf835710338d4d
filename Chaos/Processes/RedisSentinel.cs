using System.Diagnostics;
using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>A Sentinel that watches one primary and promotes its replica a second after the primary went silent.</summary>
internal sealed class RedisSentinel(string service, int primary) : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("ai-sentinel-").FullName;
    private Process? _process;

    public int Port { get; } = FreePort.Next();

    public async Task StartAsync()
    {
        // Sentinel writes its state into its configuration file.
        var file = Path.Combine(_folder, "sentinel.conf");
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"""
            port {Port}
            bind 127.0.0.1
            dir {_folder}
            sentinel monitor {service} 127.0.0.1 {primary} 1
            sentinel down-after-milliseconds {service} 1000
            sentinel failover-timeout {service} 5000
            """));
        _process = Process.Start(new ProcessStartInfo("redis-server", [file, "--sentinel"]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("redis-server --sentinel did not start.");
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        await Waiting.UntilAsync(AnswersAsync, () => "the Sentinel answers", Bound, CancellationToken.None);
    }

    /// <summary>How many replicas it has found.</summary>
    public async Task<int> ReplicasAsync()
    {
        var lines = (await RedisCommand.SendAsync(Port, "SENTINEL", "MASTER", service)).Split('\n');
        return int.Parse(lines[Array.IndexOf(lines, "num-slaves") + 1], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return await RedisCommand.SendAsync(Port, "PING") == "PONG";
        }
        catch (IOException)
        {
            return false;
        }
    }
}
