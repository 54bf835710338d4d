namespace AiPlatform.AppHost;

/// <summary>Adds the Redis that keeps the jobs.</summary>
internal static class JobRedis
{
    /// <summary>Accepted jobs live only there: an append-only file, not snapshots, and nothing is ever evicted. Words of a shell.</summary>
    private static readonly string[] KeepsJobs =
        ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "''", "--maxmemory-policy", "noeviction"];

    extension(IDistributedApplicationBuilder builder)
    {
        /// <summary>The one that <c>ConnectionStrings:redis</c> names, or else a container.</summary>
        public IResourceBuilder<IResourceWithConnectionString> AddJobRedis(HostSettings settings)
        {
            if (settings.HasRedis) return builder.AddConnectionString("redis");
            var redis = builder.AddRedis("redis").WithArgs(KeepJobs);
            // A local volume is named after the checkout; a deployed one must not be. WithDataVolume would turn snapshots on.
            redis.WithVolume(builder.ExecutionContext.IsPublishMode ? "redis-data" : VolumeNameGenerator.Generate(redis, "data"), "/data");
            return settings.RedisInsight ? redis.WithRedisInsight() : redis;
        }
    }

    /// <summary>
    /// Aspire starts redis-server through a shell: locally as an argument a word, published as one argument that holds the whole command.
    /// </summary>
    private static void KeepJobs(CommandLineArgsCallbackContext context)
    {
        var command = context.Args.Count - 1;
        if (context.Args.Contains("redis-server"))
        {
            foreach (var word in KeepsJobs) context.Args.Add(word);
        }
        else if (command >= 0 && context.Args[command] is string line && line.StartsWith("redis-server ", StringComparison.Ordinal))
        {
            context.Args[command] = $"{line} {string.Join(' ', KeepsJobs)}";
        }
        else
        {
            throw new DistributedApplicationException(
                "This version of Aspire starts Redis in another way: add the append-only file to it (JobRedis.cs).");
        }
    }
}
