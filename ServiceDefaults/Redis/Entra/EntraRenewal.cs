using Azure.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis.Entra;

/// <summary>
/// Presents a new token on the connections that there are, or Redis would close them when the old one ends. Whatever fails is
/// tried again a minute later; a connection that was closed all the same comes back with the token of the moment.
/// </summary>
internal sealed partial class EntraRenewal(IConnectionMultiplexer redis, EntraUser user, TimeProvider time, ILogger<EntraRenewal> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private string? _presented;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await PresentAsync(stoppingToken);
            }
            catch (Exception away) when (away is RedisException or AuthenticationFailedException)
            {
                LogNotRenewed(logger, away.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task PresentAsync(CancellationToken cancellationToken)
    {
        var token = await user.TokenAsync(cancellationToken);
        if (token == _presented) return;

        foreach (var server in redis.GetServers().Where(server => server.IsConnected)) await server.ExecuteAsync("AUTH", user.User!, token);
        _presented = token;
    }

    [LoggerMessage(100, LogLevel.Warning, "The token for Redis could not be renewed, and will be tried again in a minute: {Reason}")]
    private static partial void LogNotRenewed(ILogger logger, string reason);
}
