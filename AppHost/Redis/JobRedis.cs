using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.AppHost.Redis;

/// <summary>Adds the Redis that keeps the jobs. It is always a resource, which the dashboard's graph shows.</summary>
internal static class JobRedis
{
    public const string Name = "redis";

    private const string Icon = "Database";

    /// <summary>
    /// The arguments of a Redis that keeps jobs, as shell words: an append-only file instead of snapshots, and no eviction, because
    /// accepted jobs are stored only there.
    /// </summary>
    private static readonly string[] KeepsJobs =
        ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "''", "--maxmemory-policy", "noeviction"];

    extension(IDistributedApplicationBuilder builder)
    {
        /// <summary>
        /// Adds the Redis that <c>ConnectionStrings:redis</c> names, else a container, or a process where no container engine answers.
        /// </summary>
        /// <param name="settings">The settings.</param>
        /// <param name="data">What a local run keeps; null when the model is published.</param>
        /// <exception cref="DistributedApplicationException">This machine can start none.</exception>
        public IResourceBuilder<IResourceWithConnectionString> AddJobRedis(HostSettings settings, RunData? data)
        {
            if (data is null) return settings.Redis is null ? builder.AddRedisContainer(settings, data) : builder.AddConnectionString(Name);
            if (settings.Redis is { } address) return builder.AddRunningRedis(address);

            var start = settings.RedisStart;
            if (start == "auto") start = ContainerEngine.Answers(builder.Configuration) ? "container" : "process";
            return start == "container" ? builder.AddRedisContainer(settings, data) : builder.AddRedisProcess(data);
        }

        private IResourceBuilder<IResourceWithConnectionString> AddRedisContainer(HostSettings settings, RunData? data)
        {
            var redis = builder.AddRedis(Name).WithArgs(KeepJobs).WithIconName(Icon);
            // A local volume is named after the checkout, which a deployed volume must not be. WithDataVolume would turn snapshots on.
            var volume = data switch
            {
                null => "redis-data",
                { Number: 1 } => VolumeNameGenerator.Generate(redis, "data"),
                _ => VolumeNameGenerator.Generate(redis, $"data-{data.Number}"),
            };
            redis.WithVolume(volume, "/data");
            return settings.RedisInsight ? redis.WithRedisInsight() : redis;
        }

        private IResourceBuilder<RedisProcess> AddRedisProcess(RunData data)
        {
            if (RedisProcess.Problem() is { } problem)
            {
                throw new DistributedApplicationException(
                    $"Redis cannot be started: no container engine is used, and {problem}. Start Docker or Podman, install redis-server "
                    + "(Debian: apt-get install redis-server), or set ConnectionStrings__redis to a Redis that runs.");
            }

            var redis = builder.AddResource(new RedisProcess(Name, data.RedisPath));
            return redis
                .WithEndpoint(name: RedisProcess.EndpointName, scheme: "tcp")
                .WithArgs(context =>
                {
                    List<object> words =
                    [
                        "--port", redis.Resource.Endpoint.Property(EndpointProperty.TargetPort), "--bind", "127.0.0.1", "-::1",
                        "--dir", data.RedisPath, "--daemonize", "no", "--pidfile", data.RedisIdFile,
                        .. KeepsJobs.Select(word => word.Trim('\'')),
                    ];
                    foreach (var word in words) context.Args.Add(word);
                })
                .WithIconName(Icon)
                .WithPing()
                .OnBeforeResourceStarted((resource, starting, cancellationToken) => resource.MendAsync(
                    starting.Services.GetRequiredService<ResourceLoggerService>().GetLogger(resource), cancellationToken));
        }

        private IResourceBuilder<ConnectionStringResource> AddRunningRedis(string address)
        {
            // A parameter, because the dashboard hides its value: the connection string may have a password.
            var parameter = builder.AddParameter("redis-address", () => address, secret: true);
            var redis = builder.AddConnectionString(Name, ReferenceExpression.Create($"{parameter}")).WithIconName(Icon);
            // Tokens of Entra ID are the programs' own.
            return builder.Configuration["Redis:EntraUser"] is { Length: > 0 } ? redis : redis.WithPing();
        }
    }

    extension<T>(IResourceBuilder<T> redis)
        where T : IResourceWithConnectionString
    {
        /// <summary>Others wait until it answers.</summary>
        private IResourceBuilder<T> WithPing()
        {
            var check = $"{redis.Resource.Name}_check";
            string? address = null;
            redis.ApplicationBuilder.Eventing.Subscribe<ConnectionStringAvailableEvent>(
                redis.Resource,
                async (_, cancellationToken) => address = await redis.Resource.GetConnectionStringAsync(cancellationToken));
            redis.ApplicationBuilder.Services.AddHealthChecks().AddRedis(
                _ => address ?? throw new InvalidOperationException("Redis has no address yet."), name: check);
            return redis.WithHealthCheck(check);
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
