using System.Net;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis;

/// <summary>
/// Writes a line when the connection to a Redis server is lost and one when it is back. The client itself would write its state and a
/// stack trace for each try of each of its connections.
/// </summary>
internal sealed class ConnectionLog(IConnectionMultiplexer redis, ILogger<ConnectionLog> logger) : IHostedService
{
    private readonly Lock _gate = new();
    private readonly HashSet<EndPoint> _lost = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        redis.ConnectionFailed += Lost;
        redis.ConnectionRestored += Back;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        redis.ConnectionFailed -= Lost;
        redis.ConnectionRestored -= Back;
        return Task.CompletedTask;
    }

    private void Lost(object? sender, ConnectionFailedEventArgs failed)
    {
        if (failed.EndPoint is not { } server || failed.FailureType == ConnectionFailureType.ConnectionDisposed) return;

        lock (_gate)
            if (!_lost.Add(server)) return;
        var reason = failed.Exception?.InnerException is null ? $"{failed.FailureType}" : failed.Exception.GetBaseException().Message;
        Log.RedisLost(logger, AddressOf(server), PrintableText.Of(reason));
    }

    private void Back(object? sender, ConnectionFailedEventArgs restored)
    {
        if (restored.EndPoint is not { } server) return;

        lock (_gate)
            if (!_lost.Remove(server)) return;
        Log.RedisBack(logger, AddressOf(server));
    }

    private static string AddressOf(EndPoint server) => server is DnsEndPoint named ? $"{named.Host}:{named.Port}" : $"{server}";
}
