using AiPlatform.ServiceDefaults.Redis.Entra;
using Azure.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis;

/// <summary>
/// Registers <see cref="IConnectionMultiplexer"/> from <c>ConnectionStrings:redis</c>, as Aspire's package does. It connects in the
/// background, and reconnects by itself after an outage.
/// </summary>
internal static class RedisClientRegistration
{
    private const string ConnectionName = "redis";

    /// <summary>
    /// Object id of the Entra identity that signs in to an Azure Managed Redis. Without it the connection string has the credentials.
    /// </summary>
    private const string EntraUserKey = "Redis:EntraUser";

    public static void AddRedisClientNamedRedis(this IHostApplicationBuilder builder)
    {
        var user = builder.Configuration[EntraUserKey] is { Length: > 0 } id ? new EntraUser(new DefaultAzureCredential(), id) : null;
        builder.AddRedisClient(
            ConnectionName,
            settings =>
            {
                // RedisHealthCheck replaces it, because it also checks whether jobs would be evicted.
                settings.DisableHealthChecks = true;
                // Requests share their calls to Redis, and background loops make several a second, so a span for each command would belong
                // to no request.
                settings.DisableTracing = true;
            },
            configuration =>
            {
                SurviveOutages(configuration);
                if (user is not null) configuration.Defaults = user;
            });
        builder.Services.AddHostedService<ConnectionLog>();
        if (user is null) return;

        builder.Services.AddSingleton(user);
        builder.Services.AddHostedService<EntraRenewal>();
    }

    private static void SurviveOutages(ConfigurationOptions configuration)
    {
        configuration.AbortOnConnectFail = false;
        configuration.ConnectRetry = 3;
        configuration.ConnectTimeout = 2_000;
        configuration.KeepAlive = 10;
        configuration.ReconnectRetryPolicy = new LinearRetry(500);
    }
}
