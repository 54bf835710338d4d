using AiPlatform.ServiceDefaults.Loops;
using Azure;
using Azure.Identity;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis.Entra;

/// <summary>
/// Sends a new token on open connections, because Redis closes them when the old token expires. Failures are retried a minute later. A
/// connection that was closed nevertheless reconnects with the current token.
/// </summary>
internal sealed class EntraRenewal(BackgroundLoops loops, IConnectionMultiplexer redis, EntraUser user) : LoopService(loops)
{
    private string? _presented;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        try
        {
            await PresentAsync(stoppingToken);
        }
        catch (Exception away) when (away is RedisException or TimeoutException or AuthenticationFailedException or RequestFailedException)
        {
            loop.Suffer($"The token for Redis could not be renewed: {away.Message}");
        }
    }

    private async Task PresentAsync(CancellationToken cancellationToken)
    {
        var token = await user.TokenAsync(cancellationToken);
        if (token == _presented) return;

        foreach (var server in redis.GetServers().Where(server => server.IsConnected)) await server.ExecuteAsync("AUTH", user.User!, token);
        _presented = token;
    }
}
