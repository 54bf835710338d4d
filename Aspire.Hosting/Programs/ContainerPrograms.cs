using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Hosting.Programs;

/// <summary>The programs as containers of their images.</summary>
internal sealed class ContainerPrograms(IDistributedApplicationBuilder builder) : IAddedPrograms
{
    /// <summary>Where an image has its models.</summary>
    public const string ModelsPath = "/app/models";

    /// <summary>Where the models are that are named one by one.</summary>
    public const string NamedModelsPath = "/models";

    private const string GatewayImage = "aiplatform/gateway";
    private const string WorkerImage = "aiplatform/inference-worker";
    private const string Tag = "latest";
    private const string GpuTag = "latest-gpu";

    /// <summary>The port of both programs in their containers.</summary>
    private const int Port = 8080;

    public bool AreProcesses => false;

    public IResourceBuilder<IResourceWithEnvironment> AddGateway(string name) => Add(name, GatewayImage).AsGateway();

    public IResourceBuilder<IResourceWithEnvironment> AddWorker(string name) => Add(name, WorkerImage).AsWorker();

    public bool TrySetReplicas(IResourceBuilder<IResource> program, int count)
    {
        // The orchestrator starts one container for each resource; a deployment heeds the number.
        if (builder.ExecutionContext.IsRunMode) return false;
        program.WithAnnotation(new ReplicaAnnotation(count), ResourceAnnotationMutationBehavior.Replace);
        return true;
    }

    /// <summary>Takes the image with CUDA, unless another one was named, and gives the container the GPU.</summary>
    public static void OnGpu(IResourceBuilder<ContainerResource> worker, int? deviceId)
    {
        if (worker.Resource.Annotations.OfType<ContainerImageAnnotation>().Last() is { Image: WorkerImage, Tag: Tag })
            worker.WithImageTag(GpuTag);
        worker.WithContainerRuntimeArgs(
            "--gpus", deviceId is { } id ? string.Create(CultureInfo.InvariantCulture, $"device={id}") : "all");
    }

    private IResourceBuilder<ContainerResource> Add(string name, string image) => builder.AddContainer(name, image, Tag)
        .WithHttpEndpoint(targetPort: Port, name: AiPlatformResource.EndpointName)
        .WithOtlpExporter();
}
