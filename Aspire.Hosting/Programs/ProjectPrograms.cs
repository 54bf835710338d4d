using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Hosting.Programs;

/// <summary>The programs from their projects, which the AppHost refers to, or of a checkout.</summary>
/// <param name="addGateway">Adds the Gateway's project.</param>
/// <param name="addWorker">Adds the worker's project.</param>
internal sealed class ProjectPrograms(
    Func<string, IResourceBuilder<ProjectResource>> addGateway, Func<string, IResourceBuilder<ProjectResource>> addWorker) : IAddedPrograms
{
    private const string ModelsPath = "Models__Path";

    public bool AreProcesses => true;

    public IResourceBuilder<IResourceWithEnvironment> AddGateway(string name) => OnFreePort(addGateway(name)).AsGateway();

    public IResourceBuilder<IResourceWithEnvironment> AddWorker(string name)
    {
        var worker = OnFreePort(addWorker(name)).AsWorker();
        if (worker.ApplicationBuilder.ExecutionContext.IsRunMode && ModelsBeside(worker.Resource) is { } models)
            worker.WithEnvironment(ModelsPath, models);
        return worker;
    }

    public bool TrySetReplicas(IResourceBuilder<IResource> program, int count)
    {
        ((IResourceBuilder<ProjectResource>)program).WithReplicas(count);
        return true;
    }

    /// <summary>Otherwise it would have the port of its launch profile, where another program may listen.</summary>
    private static IResourceBuilder<ProjectResource> OnFreePort(IResourceBuilder<ProjectResource> project) => project
        .WithEndpoint(AiPlatformResource.EndpointName, endpoint => endpoint.Port = null)
        .WithEndpoint("https", endpoint => endpoint.Port = null, createIfNotExists: false);

    /// <summary>The checkout's models; null for a project that is elsewhere.</summary>
    private static string? ModelsBeside(ProjectResource worker)
    {
        var folder = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(worker.GetProjectMetadata().ProjectPath)!, "..", "models"));
        return Directory.Exists(folder) ? folder : null;
    }
}
