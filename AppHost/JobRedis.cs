namespace AiPlatform.AppHost;

/// <summary>Adds the Redis that keeps the jobs.</summary>
internal static class JobRedis
{
    /// <summary>
    /// The arguments of a Redis that keeps jobs, as shell words: an append-only file instead of snapshots, and no eviction, because
    /// accepted jobs are stored only there.
    /// </summary>
    private static readonly string[] KeepsJobs =
        ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "''", "--maxmemory-policy", "noeviction"];

    extension(IDistributedApplicationBuilder builder)
    {
        /// <summary>Adds the Redis that <c>ConnectionStrings:redis</c> names, or else a container.</summary>
        public IResourceBuilder<IResourceWithConnectionString> AddJobRedis(HostSettings settings)
        {
            if (settings.HasRedis) return builder.AddConnectionString("redis");
            var redis = builder.AddRedis("redis").WithArgs(KeepJobs);
            // A local volume is named after the checkout, which a deployed volume must not be. WithDataVolume would turn snapshots on.
            redis.WithVolume(builder.ExecutionContext.IsPublishMode ? "redis-data" : VolumeNameGenerator.Generate(redis, "data"), "/data");
            return settings.RedisInsight ? redis.WithRedisInsight() : redis;
        }
    }

    /// <summary>
    /// Adds the arguments. Aspire starts redis-server through a shell: locally with one argument for each word, when published with one
    /// argument for the whole command.
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
