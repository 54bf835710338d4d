using Microsoft.Extensions.Hosting;
#if RESTRICTED_FEED
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
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

    public static void AddRedisClientNamedRedis(this IHostApplicationBuilder builder)
    {
#if RESTRICTED_FEED
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
        builder.AddRedisClient(ConnectionName, configureOptions: SurviveOutages);
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
