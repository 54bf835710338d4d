using AiPlatform.Hosting;
using AiPlatform.Hosting.Programs;
using AiPlatform.Hosting.Readiness;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds AiPlatform servers to an AppHost.</summary>
public static class AiPlatformBuilderExtensions
{
    /// <summary>Whose key the connection string has, unless another name is given.</summary>
    internal const string Tenant = "app";

    /// <summary>
    /// Adds a server from its images: Redis, one worker and the Gateway. It needs a container engine. Unless <c>WithApiKey</c> names a key,
    /// one is made up for local runs.
    /// </summary>
    /// <param name="builder">The AppHost.</param>
    /// <param name="name">The resource's name, which is also that of the connection string.</param>
    /// <param name="configure">Changes names and folders.</param>
    /// <returns>The server, which others reference and wait for.</returns>
    public static IResourceBuilder<AiPlatformResource> AddAiPlatform(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, Action<AiPlatformOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var platform = Add(builder, name, configure, new ContainerPrograms(builder));
        if (builder.ExecutionContext.IsRunMode)
        {
            // In a container the Gateway listens to more than this machine, which it does only with a key.
            platform.Resource.Group.AddDefaultKey(
                ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-key", special: false), Tenant);
        }

        return platform;
    }

    /// <summary>
    /// Adds a server from its projects, to which the AppHost refers. It needs no container engine. The workers serve the models of the
    /// checkout, unless others are named.
    /// </summary>
    /// <typeparam name="TGateway">The Gateway's project, <c>Projects.Gateway</c>.</typeparam>
    /// <typeparam name="TWorker">The worker's project, <c>Projects.InferenceWorker</c>.</typeparam>
    /// <param name="builder">The AppHost.</param>
    /// <param name="name">The resource's name, which is also that of the connection string.</param>
    /// <param name="configure">Changes names and folders.</param>
    /// <returns>The server, which others reference and wait for.</returns>
    public static IResourceBuilder<AiPlatformResource> AddAiPlatform<TGateway, TWorker>(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, Action<AiPlatformOptions>? configure = null)
        where TGateway : IProjectMetadata, new()
        where TWorker : IProjectMetadata, new()
    {
        ArgumentNullException.ThrowIfNull(builder);
        return Add(builder, name, configure, new ProjectPrograms(builder.AddProject<TGateway>, builder.AddProject<TWorker>));
    }

    /// <summary>
    /// Adds a server from a checkout of its sources, which the AppHost does not refer to. It needs no container engine. The workers serve
    /// the models of the checkout, unless others are named.
    /// </summary>
    /// <param name="builder">The AppHost.</param>
    /// <param name="name">The resource's name, which is also that of the connection string.</param>
    /// <param name="checkout">The folder of the checkout; a relative path starts at the AppHost's folder.</param>
    /// <param name="configure">Changes names and folders.</param>
    /// <returns>The server, which others reference and wait for.</returns>
    /// <exception cref="DistributedApplicationException">There is no checkout.</exception>
    public static IResourceBuilder<AiPlatformResource> AddAiPlatformFromCheckout(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, string checkout,
        Action<AiPlatformOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(checkout);
        var (gateway, worker) = (ProjectIn("Gateway"), ProjectIn("InferenceWorker"));
        var programs = new ProjectPrograms(
            resource => builder.AddProject(resource, gateway), resource => builder.AddProject(resource, worker));
        return Add(builder, name, configure, programs);

        string ProjectIn(string project)
        {
            var path = Path.Combine(Path.GetFullPath(checkout, builder.AppHostDirectory), project, $"{project}.csproj");
            return File.Exists(path) ? path : throw new DistributedApplicationException(
                $"'{checkout}' is not a checkout of AiPlatform: there is no {path}. Name the checkout's folder by its absolute path; a "
                + "relative one starts at the AppHost's folder.");
        }
    }

    private static IResourceBuilder<AiPlatformResource> Add(
        IDistributedApplicationBuilder builder, string name, Action<AiPlatformOptions>? configure, IAddedPrograms programs)
    {
        var options = new AiPlatformOptions();
        configure?.Invoke(options);
        var resource = new AiPlatformResource(name);
        var platform = builder.AddResource(resource)
            .WithIconName("BrainCircuit")
            .WithInitialState(new CustomResourceSnapshot
            {
                ResourceType = "AiPlatform",
                State = KnownResourceStates.NotStarted,
                Properties = [],
            })
            .WithServingCheck($"{name}_check", resource, isGateway: false)
            .OnInitializeResource(StartAsync);
        resource.Group = new AiPlatformGroup(platform, options, programs);
        return platform.WaitForStart(resource.Group.Gateway);
    }

    /// <summary>It runs as soon as its Gateway does; whether it is ready, its check says from then on.</summary>
    private static async Task StartAsync(
        AiPlatformResource platform, InitializeResourceEvent starting, CancellationToken cancellationToken)
    {
        try
        {
            await starting.Notifications.PublishUpdateAsync(platform, now => now with { State = KnownResourceStates.Waiting })
                .ConfigureAwait(false);
            // Here it waits.
            await starting.Eventing.PublishAsync(new BeforeResourceStartedEvent(platform, starting.Services), cancellationToken)
                .ConfigureAwait(false);
            await starting.Eventing.PublishAsync(new ConnectionStringAvailableEvent(platform, starting.Services), cancellationToken)
                .ConfigureAwait(false);
            await starting.Notifications.PublishUpdateAsync(platform, now => now with { State = KnownResourceStates.Running })
                .ConfigureAwait(false);
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            HostingLog.NotStarted(starting.Logger, failed.Message);
            await starting.Notifications.PublishUpdateAsync(platform, now => now with { State = KnownResourceStates.FailedToStart })
                .ConfigureAwait(false);
        }
    }
}
