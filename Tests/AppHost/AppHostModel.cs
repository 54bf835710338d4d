using AiPlatform.Tests.InferenceWorker.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Tests.AppHost;

/// <summary>The model of an AppHost, of ours or of another one; nothing is started.</summary>
internal sealed class AppHostModel : IAsyncDisposable
{
    private readonly TemporaryFolder _data = new();
    private readonly DistributedApplication _application;

    /// <summary>Ours.</summary>
    /// <param name="settings">Such as <c>--Inference:Replicas=2</c>. Redis is a container, unless they say otherwise.</param>
    public AppHostModel(params string[] settings) =>
        _application = AiPlatform.AppHost.Program.Build(["--Redis:Start=container", $"--AI_DATA_DIR={_data.Path}", .. settings]);

    /// <param name="build">Builds another AppHost, which may keep data in the folder that it is given.</param>
    public AppHostModel(Func<string, DistributedApplication> build) => _application = build(_data.Path);

    public IReadOnlyCollection<IResource> Resources =>
        [.. _application.Services.GetRequiredService<DistributedApplicationModel>().Resources];

    public DistributedApplication Application => _application;

    private DistributedApplicationExecutionContext Context =>
        _application.Services.GetRequiredService<DistributedApplicationExecutionContext>();

    public IResource Resource(string name) => Resources.Single(resource => resource.Name == name);

    /// <summary>The command line, as the program or the shell gets it.</summary>
    public async Task<string[]> ArgumentsOfAsync(string name)
    {
        var configuration = await ExecutionConfigurationBuilder.Create(Resource(name)).WithArgumentsConfig().BuildAsync(
            Context, NullLogger.Instance);
        return [.. configuration.Arguments.Select(argument => argument.Value)];
    }

    /// <summary>The environment as it is written in the model: references stay references.</summary>
    public async Task<Dictionary<string, object>> EnvironmentOfAsync(string name)
    {
        var context = new EnvironmentCallbackContext(Context, Resource(name));
        foreach (var callback in Resource(name).Annotations.OfType<EnvironmentCallbackAnnotation>()) await callback.Callback(context);
        return context.EnvironmentVariables;
    }

    /// <summary>Lets the resource change and add to the links that the dashboard shows.</summary>
    public async Task LinkAsync(string name, List<ResourceUrlAnnotation> urls)
    {
        var context = new ResourceUrlsCallbackContext(Context, Resource(name), urls);
        foreach (var callback in Resource(name).Annotations.OfType<ResourceUrlsCallbackAnnotation>()) await callback.Callback(context);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _data.Dispose();
    }
}
