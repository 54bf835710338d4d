using System.Net;
using System.Net.Sockets;
using AiPlatform.Tests.Deploy;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Xunit;

namespace AiPlatform.Tests.AppHost;

public sealed class AppHostModelTests
{
    private static readonly string Hash = new('7', 64);

    [Fact]
    public async Task Resources_NoSettings_AreTheWholeSystem()
    {
        await using var host = new AppHostModel();

        Assert.Equal(["gateway", "inference", "redis"], host.Resources.Where(IsShown).Select(resource => resource.Name).Order());
        Assert.Equal(["redis"], WaitedFor(host.Resource("inference")));
        Assert.Equal(["inference", "redis"], WaitedFor(host.Resource("gateway")));
        Assert.True((await host.EnvironmentOfAsync("gateway")).ContainsKey("ConnectionStrings__redis"));
        Assert.True((await host.EnvironmentOfAsync("inference")).ContainsKey("ConnectionStrings__redis"));
        Assert.True(host.Resource("gateway").Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").IsExternal);
        Assert.False(host.Resource("inference").Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").IsExternal);
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("inference")]
    public async Task Probes_BothPrograms_AskHealthAndAlive(string name)
    {
        await using var host = new AppHostModel();

#pragma warning disable ASPIREPROBES001 // For evaluation in this version, as where they are made.
        var probes = host.Resource(name).Annotations.OfType<EndpointProbeAnnotation>().ToDictionary(probe => probe.Type);
        Assert.Equal(
            ("/health", "http", "/alive", "http"),
            (probes[ProbeType.Readiness].Path, probes[ProbeType.Readiness].EndpointReference.EndpointName,
                probes[ProbeType.Liveness].Path, probes[ProbeType.Liveness].EndpointReference.EndpointName));
#pragma warning restore ASPIREPROBES001
        // The Gateway's third one says whether it serves.
        Assert.Equal(name == "gateway" ? 3 : 2, host.Resource(name).Annotations.OfType<HealthCheckAnnotation>().Count());
    }

    [Fact]
    public async Task Settings_Given_ReachThePrograms()
    {
        using var models = new TemporaryFolder();
        await using var host = new AppHostModel(
            "--Inference:Replicas=3", "--Gateway:Replicas=2", "--Models:Device=cuda", $"--Models:Path={models.Path}",
            "--Redis:Insight=true",
            "--Models:DeviceId=1", "--Models:DeviceMemoryLimitBytes=4294967296", "--Generation:CudaGraphs=true");

        Assert.Equal(3, host.Resource("inference").Annotations.OfType<ReplicaAnnotation>().Last().Replicas);
        Assert.Equal(2, host.Resource("gateway").Annotations.OfType<ReplicaAnnotation>().Last().Replicas);
        var environment = await host.EnvironmentOfAsync("inference");
        Assert.Equal(("cuda", models.Path), (environment["Models__Device"], environment["Models__Path"]));
        Assert.Equal(
            ("1", "4294967296", "true"),
            (environment["Models__DeviceId"], environment["Models__DeviceMemoryLimitBytes"], environment["Generation__CudaGraphs"]));
        Assert.Contains(host.Resources, resource => resource.Name == "redisinsight");
    }

    [Fact]
    public async Task MaxReplicas_MoreThanReplicas_AreWorkersToBeStartedByHand()
    {
        await using var host = new AppHostModel("--Inference:Replicas=2", "--Inference:MaxReplicas=5", "--Models:DeviceId=1");

        var spare = host.Resource("inference-spare");
        Assert.Equal(3, spare.Annotations.OfType<ReplicaAnnotation>().Last().Replicas);
        Assert.Single(spare.Annotations.OfType<ExplicitStartupAnnotation>());
        Assert.Equal(["redis"], WaitedFor(spare));
        Assert.Equal(["inference", "redis"], WaitedFor(host.Resource("gateway")));
        var environment = await host.EnvironmentOfAsync("inference-spare");
        Assert.Equal("1", environment["Models__DeviceId"]);
        Assert.True(environment.ContainsKey("ConnectionStrings__redis"));
        Assert.Contains(host.Resource("inference").Annotations.OfType<ResourceCommandAnnotation>(), command => command.Name == "scale");
        Assert.Contains(spare.Annotations.OfType<ResourceCommandAnnotation>(), command => command.Name == "drain");
    }

    [Fact]
    public async Task MaxReplicas_NotSet_AddsNoWorkers()
    {
        await using var host = new AppHostModel("--Inference:Replicas=2");

        Assert.DoesNotContain(host.Resources, resource => resource.Name == "inference-spare");
    }

    /// <summary>The launch profile of AppHost is that of the Gateway, too.</summary>
    [Fact]
    public async Task ProfileHttps_TheGateway_HasAnEndpointOnAFreePort()
    {
        await using var host = new AppHostModel("--AppHost:DefaultLaunchProfileName=https");

        var endpoints = host.Resource("gateway").Annotations.OfType<EndpointAnnotation>().ToDictionary(endpoint => endpoint.Name);
        Assert.Equal(("https", null), (endpoints["https"].UriScheme, endpoints["https"].Port));
        Assert.Equal(("http", null), (endpoints["http"].UriScheme, endpoints["http"].Port));
        Assert.DoesNotContain(
            host.Resource("inference").Annotations.OfType<EndpointAnnotation>(), endpoint => endpoint.Name == "https");
    }

    [Fact]
    public async Task Models_NoPath_AreTheRepositorys()
    {
        await using var host = new AppHostModel();

        Assert.Equal(Checkout.Models, (await host.EnvironmentOfAsync("inference"))["Models__Path"]);
    }

    [Fact]
    public async Task Ports_NoSettings_AreFreeOnes()
    {
        await using var host = new AppHostModel();

        Assert.Null(PortOf(host, "gateway"));
        Assert.Null(PortOf(host, "inference"));
    }

    [Fact]
    public async Task Port_Given_IsTheGatewaysUnlessItIsTaken()
    {
        var port = FreePort.Next();
        await using (var host = new AppHostModel($"--Gateway:Port={port}")) Assert.Equal(port, PortOf(host, "gateway"));

        using var other = new TcpListener(IPAddress.Loopback, port);
        other.Start();
        var refused = Assert.Throws<DistributedApplicationException>(() => new AppHostModel($"--Gateway:Port={port}"));
        Assert.StartsWith($"Gateway:Port is {port}, and another program listens there.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_OfTheGateway_AreOrdered()
    {
        await using var host = new AppHostModel();
        var gateway = (IResourceWithEndpoints)host.Resource("gateway");
        var own = new ResourceUrlAnnotation { Url = "http://127.0.0.1:1", Endpoint = gateway.GetEndpoint("http") };
        List<ResourceUrlAnnotation> urls = [own];

        await host.LinkAsync("gateway", urls);

        Assert.Equal(
            ["Page", "API reference", "API document", "Health"],
#pragma warning disable CS0618 // The order will be a property in a later version; the name stays.
            urls.OrderByDescending(url => url.DisplayOrder).Select(url => url.DisplayText));
#pragma warning restore CS0618
        Assert.Equal(
            ["/docs", "/health", "/openapi/v1.json"],
            urls.Where(url => url != own).Select(url => new Uri(new Uri(own.Url), url.Url).AbsolutePath).Order(StringComparer.Ordinal));
        Assert.All(
            ["gateway", "inference", "redis"], name => Assert.Single(host.Resource(name).Annotations.OfType<ResourceIconAnnotation>()));
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("inference")]
    public async Task MessageContent_Wanted_IsToldToThePrograms(string name)
    {
        const string Variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
        await using var silent = new AppHostModel();
        await using var wanted = new AppHostModel($"--{Variable}=true");

        Assert.False((await silent.EnvironmentOfAsync(name)).ContainsKey(Variable));
        Assert.Equal("true", (await wanted.EnvironmentOfAsync(name))[Variable]);
    }

    [Fact]
    public async Task Redis_AsAProcess_IsAResourceWithItsOwnFolder()
    {
        await using var host = new AppHostModel("--Redis:Start=process");

        Assert.DoesNotContain(host.Resources, resource => resource is ContainerResource);
        var redis = Assert.IsAssignableFrom<ExecutableResource>(host.Resource("redis"));
        Assert.Equal("redis-server", redis.Command);
        Assert.EndsWith(Path.Combine("aspire", "1", "redis"), redis.WorkingDirectory, StringComparison.Ordinal);
        Assert.Equal(["redis"], WaitedFor(host.Resource("inference")));
    }

    [Fact]
    public async Task Redis_NamedByConnectionString_IsAResourceThatIsNotStarted()
    {
        await using var host = new AppHostModel("--ConnectionStrings:redis=127.0.0.1:6379");

        Assert.DoesNotContain(host.Resources, resource => resource is ContainerResource);
        Assert.IsType<ConnectionStringResource>(host.Resource("redis"));
        Assert.Equal(["redis"], WaitedFor(host.Resource("inference")));
        Assert.Equal("127.0.0.1:6379", await ((IResourceWithConnectionString)host.Resource("redis")).GetConnectionStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Redis_ItsCommandInAShell_KeepsJobs()
    {
        await using var host = new AppHostModel("--Parameters:redis-password=sesame");
        var volume = host.Resource("redis").Annotations.OfType<ContainerMountAnnotation>().Single();
        var command = string.Join(' ', await host.ArgumentsOfAsync("redis"));

        await using var redis = await RedisOfCommand.StartAsync($"exec {command}", "sesame");

        Assert.Equal((ContainerMountType.Volume, "/data"), (volume.Type, volume.Target));
        Assert.Equal("yes", await redis.SettingAsync("appendonly"));
        Assert.Equal("everysec", await redis.SettingAsync("appendfsync"));
        Assert.Equal("", await redis.SettingAsync("save"));
        Assert.Equal("noeviction", await redis.SettingAsync("maxmemory-policy"));
    }

    [Fact]
    public async Task Providers_Configured_GetSettingsAndASecretKey()
    {
        await using var host = new AppHostModel(
            "--Providers:open_ai:BaseUrl=https://api.example.com/v1", "--Providers:open_ai:ApiKey=", "--Providers:ollama:BaseUrl=http://127.0.0.1:11434/v1",
            "--Models:gpt:Provider=open_ai", "--Models:gpt:Fallbacks:0=llama", $"--ApiKeys:ops:Sha256={Hash}",
            "--ApiKeys:ops:Role=operator");

        var environment = await host.EnvironmentOfAsync("gateway");
        Assert.Equal("https://api.example.com/v1", environment["Providers__open_ai__BaseUrl"]);
        Assert.Equal("http://127.0.0.1:11434/v1", environment["Providers__ollama__BaseUrl"]);
        Assert.Equal(("open_ai", "llama"), (environment["Models__gpt__Provider"], environment["Models__gpt__Fallbacks__0"]));
        Assert.Equal((Hash, "operator"), (environment["ApiKeys__ops__Sha256"], environment["ApiKeys__ops__Role"]));
        Assert.False(environment.ContainsKey("Providers__ollama__ApiKey"));
        var key = Assert.IsType<ParameterResource>(environment["Providers__open_ai__ApiKey"]);
        Assert.Equal(("open-ai-api-key", true), (key.Name, key.Secret));
        Assert.False((await host.EnvironmentOfAsync("inference")).ContainsKey("Providers__open_ai__BaseUrl"));
    }

    [Fact]
    public async Task Commands_OfBothPrograms_AreThere()
    {
        await using var host = new AppHostModel();

        var commands = host.Resource("gateway").Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.Name).ToList();

        Assert.All(["pause", "resume", "requeue-dead", "sample-job", "make-key"], name => Assert.Contains(name, commands));
        var workers = host.Resource("inference").Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.Name).ToList();
        Assert.All(["add-model", "drain"], name => Assert.Contains(name, workers));
    }

    private static int? PortOf(AppHostModel host, string name) =>
        host.Resource(name).Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").Port;

    private static bool IsShown(IResource resource) => resource is ProjectResource or ContainerResource;

    private static IEnumerable<string> WaitedFor(IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Distinct().Order();
}
