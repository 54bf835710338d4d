using System.Diagnostics;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;

namespace AiPlatform.Tests.Deploy;

/// <summary>A redis-server that is started by a container's command, without the container.</summary>
internal sealed class RedisOfCommand : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ai-redis-command-").FullName;
    private readonly Process _process;
    private readonly ConnectionMultiplexer _connection;

    private RedisOfCommand(string script, string password)
    {
        var port = FreePort.Next();
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", $"{script.TrimEnd().Replace("/data", _folder, StringComparison.Ordinal)} --port {port} --bind 127.0.0.1" },
            Environment = { ["REDIS_PASSWORD"] = password },
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
        _ = _process.StandardOutput.ReadToEndAsync();
        _connection = ConnectionMultiplexer.Connect($"127.0.0.1:{port},password={password},abortConnect=false,allowAdmin=true");
    }

    /// <summary>Starts what ends with <c>exec redis-server …</c>; what it keeps in /data comes into a folder of its own.</summary>
    public static async Task<RedisOfCommand> StartAsync(string script, string password)
    {
        var redis = new RedisOfCommand(script, password);
        try
        {
            await Poll.UntilAsync(() => redis._connection.IsConnected, "redis-server answers");
            return redis;
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    public async Task<string?> SettingAsync(string name) =>
        (string?)((RedisResult[])(await _connection.GetDatabase().ExecuteAsync("CONFIG", "GET", name))!)[1];

    public async ValueTask DisposeAsync()
    {
        await _connection.CloseAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
