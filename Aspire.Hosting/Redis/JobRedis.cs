using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.Hosting.Redis;

/// <summary>Adds the Redis that keeps the jobs. It is always a resource, which the dashboard's graph shows.</summary>
internal static class JobRedis
{
    private const string Icon = "Database";

    /// <summary>
    /// The arguments of a Redis that keeps jobs, as shell words: an append-only file instead of snapshots, and no eviction, because
    /// accepted jobs are stored only there.
    /// </summary>
    private static readonly string[] KeepsJobs =
        ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "''", "--maxmemory-policy", "noeviction"];

    /// <summary>The parameter that has the address of a Redis that runs already.</summary>
    public static string AddressOf(string name) => $"{name}-address";

    extension(IDistributedApplicationBuilder builder)
    {
        /// <summary>
        /// Adds the Redis that <c>ConnectionStrings:{name}</c> names, else a container, or a process where no container engine answers.
        /// </summary>
        /// <param name="name">The resource's name.</param>
        /// <param name="start">How it is started locally.</param>
        /// <param name="takeData">Takes the folder of what a local run keeps.</param>
        /// <param name="problem">Why this machine can start none; null when it can.</param>
        public IResourceBuilder<IResourceWithConnectionString> AddJobRedis(
            string name, AiPlatformRedisStart start, Func<RunData> takeData, out string? problem)
        {
            problem = null;
            var address = builder.Configuration.GetConnectionString(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;
            if (builder.ExecutionContext.IsPublishMode)
                return address is null ? builder.AddRedisContainer(name, data: null) : builder.AddConnectionString(name);
            if (address is not null) return builder.AddRunningRedis(name, address);

            if (start == AiPlatformRedisStart.Auto)
            {
                start = ContainerEngine.Answers(builder.Configuration)
                    ? AiPlatformRedisStart.Container : AiPlatformRedisStart.Process;
            }

            if (start == AiPlatformRedisStart.Container) return builder.AddRedisContainer(name, takeData());
            if (RedisProcess.Problem() is { } missing)
            {
                problem = $"Redis cannot be started: no container engine is used, and {missing}. Start Docker or Podman, install "
                    + $"redis-server (Debian: apt-get install redis-server), or set ConnectionStrings__{name} to a Redis that runs.";
            }

            return builder.AddRedisProcess(name, takeData());
        }

        private IResourceBuilder<RedisResource> AddRedisContainer(string name, RunData? data)
        {
            var redis = builder.AddRedis(name).WithArgs(KeepJobs).WithIconName(Icon);
            // A local volume is named after the checkout, which a deployed volume must not be. WithDataVolume would turn snapshots on.
            var volume = data switch
            {
                null => $"{name}-data",
                { Number: 1 } => VolumeNameGenerator.Generate(redis, "data"),
                _ => VolumeNameGenerator.Generate(redis, $"data-{data.Number}"),
            };
            return redis.WithVolume(volume, "/data");
        }

        private IResourceBuilder<RedisProcess> AddRedisProcess(string name, RunData data)
        {
            var redis = builder.AddResource(new RedisProcess(name, data.RedisPath));
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

        private IResourceBuilder<ConnectionStringResource> AddRunningRedis(string name, string address)
        {
            // A parameter, because the dashboard hides its value: the connection string may have a password.
            var parameter = builder.AddParameter(AddressOf(name), () => address, secret: true);
            var redis = builder.AddConnectionString(name, ReferenceExpression.Create($"{parameter}")).WithIconName(Icon);
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
