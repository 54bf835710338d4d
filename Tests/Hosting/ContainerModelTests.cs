using AiPlatform.Tests.AppHost;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Xunit;
using static AiPlatform.Tests.Hosting.HostingModel;

namespace AiPlatform.Tests.Hosting;

/// <summary>A server from images. There is no container engine here: the model and the manifest are looked at.</summary>
public sealed class ContainerModelTests
{
    private const string Model = "all-minilm-l6-v2";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FromImages_NoSettings_IsThoseOfDeployWithAKeyOfItsOwn()
    {
        await using var host = FromImages(_ => { });

        Assert.Equal("aiplatform/gateway:latest", ImageOf(host.Resource("ai-gateway")));
        Assert.Equal("aiplatform/inference-worker:latest", ImageOf(host.Resource("ai-inference")));
        Assert.Equal(8080, host.Resource("ai-gateway").Annotations.OfType<EndpointAnnotation>().Single().TargetPort);
        Assert.True((await host.EnvironmentOfAsync("ai-gateway")).ContainsKey("ApiKeys__app__Sha256"));
        Assert.Equal("ai-key", ((AiPlatformResource)host.Resource("ai")).ApiKey?.Name);
        Assert.False((await host.EnvironmentOfAsync("ai-inference")).ContainsKey("Models__Path"));
    }

    [Fact]
    public async Task ApiKey_Given_TakesThePlaceOfTheOwnOne()
    {
        await using var host = FromImages(ai => ai.WithApiKey(ai.ApplicationBuilder.AddParameter("mine", secret: true), tenant: "search"));

        var environment = await host.EnvironmentOfAsync("ai-gateway");

        Assert.Equal("mine", ((AiPlatformResource)host.Resource("ai")).ApiKey?.Name);
        Assert.True(environment.ContainsKey("ApiKeys__search__Sha256"));
        Assert.False(environment.ContainsKey("ApiKeys__app__Sha256"));
    }

    [Fact]
    public async Task Workers_Several_AreContainersOfTheirOwn()
    {
        await using var host = FromImages(ai => ai
            .WithWorkers(4).WithModel(Path.Combine(Checkout.Models, Model)).WithWorkerSetting("Models:Threads", "2").WithWorkers(3));

        string[] workers = ["ai-inference", "ai-inference-2", "ai-inference-3"];
        Assert.Equal(workers, ((AiPlatformResource)host.Resource("ai")).Workers.Select(worker => worker.Name));
        Assert.DoesNotContain(host.Resources, resource => resource.Name == "ai-inference-4");
        foreach (var worker in workers)
        {
            var environment = await host.EnvironmentOfAsync(worker);
            Assert.Equal(("/models", "2"), (environment["Models__Path"], environment["Models__Threads"]));
            Assert.True(environment.ContainsKey("ConnectionStrings__redis"));
            var mount = host.Resource(worker).Annotations.OfType<ContainerMountAnnotation>().Single();
            Assert.Equal((Path.Combine(Checkout.Models, Model), $"/models/{Model}", true), (mount.Source, mount.Target, mount.IsReadOnly));
            Assert.Equal(["ai-redis"], host.Resource(worker).Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name));
        }
    }

    [Fact]
    public async Task ModelsFolder_TakesThePlaceOfTheImages()
    {
        using var models = new TemporaryFolder();
        await using var host = FromImages(ai => ai.WithModelsFolder(models.Path));

        var mount = host.Resource("ai-inference").Annotations.OfType<ContainerMountAnnotation>().Single();
        Assert.Equal((models.Path, "/app/models"), (mount.Source, mount.Target));
    }

    [Theory]
    [InlineData(null, "all")]
    [InlineData(2, "device=2")]
    public async Task Gpu_TakesTheGpuImageAndTheDevice(int? id, string expected)
    {
        await using var host = FromImages(ai => ai.WithGpu(id));
        var worker = host.Resource("ai-inference");
        List<object> arguments = [];
        foreach (var callback in worker.Annotations.OfType<ContainerRuntimeArgsCallbackAnnotation>())
            await callback.Callback(new ContainerRuntimeArgsCallbackContext(arguments, Ct));

        Assert.Equal("aiplatform/inference-worker:latest-gpu", ImageOf(worker));
        Assert.Equal(["--gpus", expected], arguments);
        Assert.Equal("cuda", (await host.EnvironmentOfAsync("ai-inference"))["Models__Device"]);
    }

    [Fact]
    public async Task Images_Given_AreTaken()
    {
        await using var host = FromImages(
            ai => ai.WithImages("registry.example.com/gateway:1.2", "registry.example.com/worker:1.2-gpu").WithGpu());

        Assert.Equal("registry.example.com/gateway:1.2", ImageOf(host.Resource("ai-gateway")));
        Assert.Equal("registry.example.com/worker:1.2-gpu", ImageOf(host.Resource("ai-inference")));
    }

    [Fact]
    public async Task Start_WithoutAnEngine_IsRefused()
    {
        await using var host = FromImages(_ => { }, "--ASPIRE_CONTAINER_RUNTIME=no-such-engine");

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => host.Application.StartAsync(Ct));

        Assert.StartsWith("ai is to be started from images, and no container engine answers.", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What a publisher gets, which the committed file shows whole.</summary>
    [Fact]
    public async Task Publish_Manifest_IsTheCommittedOne()
    {
        var folder = Path.Combine(Checkout.Root, "artifacts", "published", "hosting");
        Directory.CreateDirectory(folder);
        await using var host = FromImages(
            ai => ai.WithWorkers(2).WithDefaultModel(Model)
                .WithApiKey(ai.ApplicationBuilder.AddParameter("ai-key", secret: true))
                .WithProvider("openai", "https://api.openai.com/v1", ai.ApplicationBuilder.AddParameter("openai-key", secret: true))
                .WithProviderModel("gpt", "openai"),
            "--operation", "publish", "--publisher", "manifest", "--output-path", Path.Combine(folder, "manifest.json"));

        await host.Application.RunAsync(Ct);

        Assert.Equal(2, host.Resource("ai-inference").Annotations.OfType<ReplicaAnnotation>().Single().Replicas);
        Published.Compare(folder, "Tests", "Hosting", "Manifest");
    }

    private static string ImageOf(IResource resource)
    {
        var image = resource.Annotations.OfType<ContainerImageAnnotation>().Last();
        return $"{(image.Registry is { } registry ? $"{registry}/" : "")}{image.Image}:{image.Tag}";
    }
}
