using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
#if RESTRICTED_FEED
using Microsoft.Extensions.Configuration;
#else
using AiPlatform.ServiceDefaults.Redis.Entra;
using Azure.Identity;
#endif
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis;

/// <summary>
/// Registers <see cref="IConnectionMultiplexer"/> from <c>ConnectionStrings:redis</c>. The only file that knows which client
/// package there is: Aspire's, or on a restricted feed the plain one. Both connect in the background and come back by
/// themselves after an outage.
/// </summary>
internal static class RedisClientRegistration
{
    private const string ConnectionName = "redis";

    /// <summary>Object id of the Entra identity that signs in to an Azure Managed Redis; none: the connection string says how.</summary>
    private const string EntraUserKey = "Redis:EntraUser";

    public static void AddRedisClientNamedRedis(this IHostApplicationBuilder builder)
    {
#if RESTRICTED_FEED
        if (builder.Configuration[EntraUserKey] is { Length: > 0 })
            throw new InvalidOperationException($"{EntraUserKey} is set, but this build's Redis client cannot sign in so: it was made on a restricted package feed.");

        builder.Services.AddSingleton<IConnectionMultiplexer>(_ =>
        {
            var connectionString = builder.Configuration.GetConnectionString(ConnectionName);
            if (string.IsNullOrWhiteSpace(connectionString))
            {
                throw new InvalidOperationException(
                    $"ConnectionStrings:{ConnectionName} is not set. Set the environment variable ConnectionStrings__{ConnectionName}, such as 127.0.0.1:6379.");
            }

            var configuration = ConfigurationOptions.Parse(connectionString);
            SurviveOutages(configuration);
            var multiplexer = ConnectionMultiplexer.Connect(configuration);
            multiplexer.PreserveAsyncOrder = false;
            return multiplexer;
        });
#else
        var user = builder.Configuration[EntraUserKey] is { Length: > 0 } id ? new EntraUser(new DefaultAzureCredential(), id) : null;
        builder.AddRedisClient(
            ConnectionName,
            settings =>
            {
                // RedisHealthCheck asks more: whether jobs would be evicted.
                settings.DisableHealthChecks = true;
                // Requests share their calls to Redis, and background loops make several a second: a span of each would belong to nobody.
                settings.DisableTracing = true;
            },
            configuration =>
            {
                SurviveOutages(configuration);
                if (user is not null) configuration.Defaults = user;
            });
        if (user is null) return;

        builder.Services.AddSingleton(user);
        builder.Services.AddHostedService<EntraRenewal>();
#endif
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
