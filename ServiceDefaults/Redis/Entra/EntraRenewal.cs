using AiPlatform.ServiceDefaults.Loops;
using Azure;
using Azure.Identity;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis.Entra;

/// <summary>
/// Presents a new token on the connections that there are, or Redis would close them when the old one ends. Whatever fails is
/// tried again a minute later; a connection that was closed all the same comes back with the token of the moment.
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
