using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AiPlatform.Hosting.Redis;

/// <summary>Warns of a Redis without an append-only file: accepted jobs are lost when it ends.</summary>
internal static class PersistenceWarning
{
    /// <summary>Others wait for Redis meanwhile.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    /// <summary>Asks when Redis is ready, and warns in its log and in that of the AppHost.</summary>
    public static void Add(IResourceBuilder<IResourceWithConnectionString> redis)
    {
        var builder = redis.ApplicationBuilder;
        // Tokens of Entra ID are the programs' own.
        if (builder.Configuration["Redis:EntraUser"] is { Length: > 0 }) return;
        builder.Eventing.Subscribe<ResourceReadyEvent>(redis.Resource, async (ready, cancellationToken) =>
        {
            var log = ready.Services.GetRequiredService<ResourceLoggerService>().GetLogger(redis.Resource);
            try
            {
                var address = await redis.Resource.GetConnectionStringAsync(cancellationToken).ConfigureAwait(false);
                if (address is null) return;
                if (await HasAppendOnlyFileAsync(address).WaitAsync(Bound, cancellationToken).ConfigureAwait(false)) return;
                HostingLog.NoAppendOnlyFile(log, redis.Resource.Name);
                HostingLog.NoAppendOnlyFile(
                    ready.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PersistenceWarning)), redis.Resource.Name);
            }
            catch (Exception unknown) when (unknown is RedisException or TimeoutException or ArgumentException)
            {
                HostingLog.PersistenceUnknown(log, unknown.Message);
            }
        });
    }

    /// <returns>True also where a server does not say.</returns>
    internal static async Task<bool> HasAppendOnlyFileAsync(string address)
    {
        var options = ConfigurationOptions.Parse(address);
        // The client counts INFO among the administrator's commands.
        options.AllowAdmin = true;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(options).ConfigureAwait(false);
        foreach (var server in redis.GetServers().Where(one => one.IsConnected && !one.IsReplica))
        {
            var info = await server.InfoRawAsync("persistence").ConfigureAwait(false);
            if (info?.Contains("aof_enabled:0", StringComparison.Ordinal) == true) return false;
        }

        return true;
    }
}
