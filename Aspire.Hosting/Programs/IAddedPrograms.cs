using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Hosting.Programs;

/// <summary>Adds the two programs to the AppHost's model, as projects or as containers.</summary>
internal interface IAddedPrograms
{
    /// <summary>Whether a local run has them as processes of this machine.</summary>
    bool AreProcesses { get; }

    IResourceBuilder<IResourceWithEnvironment> AddGateway(string name);

    IResourceBuilder<IResourceWithEnvironment> AddWorker(string name);

    /// <returns>False where each worker needs a resource of its own.</returns>
    bool TrySetReplicas(IResourceBuilder<IResource> program, int count);
}
