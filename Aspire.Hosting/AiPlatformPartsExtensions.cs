using System.Globalization;
using AiPlatform.Hosting;
using AiPlatform.Hosting.Keys;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Says which parts a server has, how many, and who may call it.</summary>
public static class AiPlatformPartsExtensions
{
    private const int Most = 64;

    /// <summary>Says how many workers run. They share GPU 0 unless each has one of its own.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="count">1 to 64. Default 1.</param>
    /// <exception cref="DistributedApplicationException">The number is out of its range.</exception>
    public static IResourceBuilder<AiPlatformResource> WithWorkers(this IResourceBuilder<AiPlatformResource> platform, int count)
    {
        RequireCount(count, nameof(WithWorkers));
        platform.Resource.Group.SetWorkers(count);
        return platform;
    }

    /// <summary>
    /// Adds workers to local runs that do not run from the beginning: the dashboard's <i>Start</i> starts each of them. Aspire fixes the
    /// number of a resource's replicas when it starts, so a system that is to have more workers later has to know them. Call it once.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="count">1 to 64.</param>
    /// <exception cref="DistributedApplicationException">The number is out of its range.</exception>
    public static IResourceBuilder<AiPlatformResource> WithSpareWorkers(this IResourceBuilder<AiPlatformResource> platform, int count)
    {
        RequireCount(count, nameof(WithSpareWorkers));
        platform.Resource.Group.AddSpareWorkers(count);
        return platform;
    }

    /// <summary>Says how many Gateways run. A local run from images has one, because a container has no replicas there.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="count">1 to 64. Default 1.</param>
    /// <exception cref="DistributedApplicationException">The number is out of its range.</exception>
    public static IResourceBuilder<AiPlatformResource> WithGateways(this IResourceBuilder<AiPlatformResource> platform, int count)
    {
        RequireCount(count, nameof(WithGateways));
        var group = platform.Resource.Group;
        group.Programs.TrySetReplicas(group.Gateway, count);
        return platform;
    }

    /// <summary>Gives the Gateway a port of this machine in local runs.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="port">1 to 65,535; null for a free one, which is the default.</param>
    public static IResourceBuilder<AiPlatformResource> WithHostPort(this IResourceBuilder<AiPlatformResource> platform, int? port)
    {
        if (port is < 1 or > 65_535)
            throw new DistributedApplicationException(Invariant($"{nameof(WithHostPort)} takes a port from 1 to 65535, not {port}."));
        ((IResourceBuilder<IResourceWithEndpoints>)platform.Resource.Group.Gateway).WithEndpoint(
            AiPlatformResource.EndpointName, endpoint => endpoint.Port = port);
        return platform;
    }

    /// <summary>
    /// Keeps the jobs in this Redis instead of one that is added. It must not evict keys (<c>maxmemory-policy noeviction</c>): the programs
    /// are not ready otherwise. Without an append-only file accepted jobs are lost when it ends.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="redis">The Redis: a container, a process or a connection string.</param>
    /// <exception cref="DistributedApplicationException">One was named already.</exception>
    public static IResourceBuilder<AiPlatformResource> WithRedis(
        this IResourceBuilder<AiPlatformResource> platform, IResourceBuilder<IResourceWithConnectionString> redis)
    {
        ArgumentNullException.ThrowIfNull(redis);
        platform.Resource.Group.UseRedis(redis);
        return platform;
    }

    /// <summary>
    /// Lets in the holder of a key. The Gateway gets only its SHA-256. The key of the first call is in the connection string. In a
    /// deployment the parameter <c>{parameter}-sha256</c> has the hash.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="key">The key, which cannot be guessed: at least 32 random digits.</param>
    /// <param name="tenant">Whose key it is: 1 to 64 characters of A-Z a-z 0-9 . _ -. Default <c>app</c>.</param>
    /// <param name="isOperator">Whether the holder also sees and runs the queues of all tenants. Default false.</param>
    /// <exception cref="DistributedApplicationException">The tenant has a key already, or has no tenant's name.</exception>
    public static IResourceBuilder<AiPlatformResource> WithApiKey(
        this IResourceBuilder<AiPlatformResource> platform, IResourceBuilder<ParameterResource> key,
        string tenant = AiPlatformBuilderExtensions.Tenant, bool isOperator = false)
    {
        ArgumentNullException.ThrowIfNull(key);
        var group = platform.Resource.Group;
        group.AddTenant(tenant);
        platform.Resource.ApiKey ??= key.Resource;
        if (group.IsRunMode)
        {
            group.Gateway.WithEnvironment(AiPlatformGroup.HashSetting(tenant), new KeyHash(key.Resource));
        }
        else
        {
#pragma warning disable CS0618 // A parameter's value is computed without waiting.
            var hash = platform.ApplicationBuilder.AddParameter(
                KeyHash.NameOf(key.Resource), () => KeyHash.Of(key.Resource, key.Resource.Value), secret: true);
#pragma warning restore CS0618
            group.Gateway.WithEnvironment(AiPlatformGroup.HashSetting(tenant), hash);
        }

        return WithRole(platform, tenant, isOperator);
    }

    /// <summary>Lets in the holder of a key of which only the hash is known here, so it is not in the connection string.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="sha256">The SHA-256 of the key: 64 hexadecimal digits.</param>
    /// <param name="tenant">Whose key it is: 1 to 64 characters of A-Z a-z 0-9 . _ -.</param>
    /// <param name="isOperator">Whether the holder also sees and runs the queues of all tenants. Default false.</param>
    /// <exception cref="DistributedApplicationException">The tenant has a key already, or has no tenant's name.</exception>
    public static IResourceBuilder<AiPlatformResource> WithApiKeyHash(
        this IResourceBuilder<AiPlatformResource> platform, IResourceBuilder<ParameterResource> sha256, string tenant,
        bool isOperator = false)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        var group = platform.Resource.Group;
        group.AddTenant(tenant);
        group.Gateway.WithEnvironment(AiPlatformGroup.HashSetting(tenant), sha256);
        return WithRole(platform, tenant, isOperator);
    }

    /// <summary>Takes other images than <c>aiplatform/gateway</c> and <c>aiplatform/inference-worker</c>.</summary>
    /// <param name="platform">A server from images.</param>
    /// <param name="gateway">The Gateway's image, such as <c>registry.example.com/gateway:1.2</c>.</param>
    /// <param name="worker">The worker's image.</param>
    /// <exception cref="DistributedApplicationException">The server is not from images.</exception>
    public static IResourceBuilder<AiPlatformResource> WithImages(
        this IResourceBuilder<AiPlatformResource> platform, string gateway, string worker)
    {
        ArgumentException.ThrowIfNullOrEmpty(gateway);
        ArgumentException.ThrowIfNullOrEmpty(worker);
        var group = platform.Resource.Group;
        if (group.Programs.AreProcesses)
        {
            throw new DistributedApplicationException(
                $"{group.Name} is made from projects, which have no images here. AddAiPlatform(\"{group.Name}\") without projects has.");
        }

        ((IResourceBuilder<ContainerResource>)group.Gateway).WithImage(gateway);
        group.EachWorker(one => ((IResourceBuilder<ContainerResource>)one).WithImage(worker));
        return platform;
    }

    /// <summary>Sets a setting of the Gateway.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="key">Its name in the documentation, such as <c>Limits:RequestsPerMinute</c>.</param>
    /// <param name="value">Its value.</param>
    public static IResourceBuilder<AiPlatformResource> WithGatewaySetting(
        this IResourceBuilder<AiPlatformResource> platform, string key, string value)
    {
        platform.Resource.Group.Gateway.WithEnvironment(Variable(key), value);
        return platform;
    }

    /// <summary>Sets a setting of the workers.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="key">Its name in the documentation, such as <c>Models:Threads</c>.</param>
    /// <param name="value">Its value.</param>
    public static IResourceBuilder<AiPlatformResource> WithWorkerSetting(
        this IResourceBuilder<AiPlatformResource> platform, string key, string value)
    {
        var variable = Variable(key);
        platform.Resource.Group.EachWorker(worker => worker.WithEnvironment(variable, value));
        return platform;
    }

    /// <summary>The environment variable of a setting.</summary>
    internal static string Variable(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return key.Replace(":", "__", StringComparison.Ordinal);
    }

    private static IResourceBuilder<AiPlatformResource> WithRole(
        IResourceBuilder<AiPlatformResource> platform, string tenant, bool isOperator) =>
        isOperator ? platform.WithGatewaySetting($"ApiKeys:{tenant}:Role", "operator") : platform;

    private static void RequireCount(int count, string method)
    {
        if (count is < 1 or > Most)
            throw new DistributedApplicationException(Invariant($"{method} takes a number from 1 to {Most}, not {count}."));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
