using System.Security.Cryptography;
using System.Text;
using AiPlatform.Client;
using AiPlatform.Gateway.Callers;
using AiPlatform.Hosting.Keys;
using AiPlatform.Hosting.Models;
using AiPlatform.Tests.AppHost;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Xunit;
using static AiPlatform.Tests.Hosting.HostingModel;

namespace AiPlatform.Tests.Hosting;

/// <summary>What <c>AddAiPlatform</c> adds to an AppHost's model.</summary>
public sealed class HostingModelTests
{
    private const string Embedding = "all-minilm-l6-v2";

    private static readonly string[] Publish = ["--operation", "publish", "--publisher", "manifest", "--output-path", "manifest.json"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FromProjects_NoSettings_IsAGroupOfThree()
    {
        await using var host = FromProjects(_ => { });

        Assert.Equal(["ai", "ai-gateway", "ai-inference", "ai-redis"], NamesOf(host));
        Assert.All(["ai-gateway", "ai-inference", "ai-redis"], name => Assert.Equal("ai", ParentOf(host.Resource(name))));
        Assert.Equal(["ai-redis"], WaitedFor(host.Resource("ai-inference")));
        Assert.Equal(["ai-inference", "ai-redis"], WaitedFor(host.Resource("ai-gateway")));
        Assert.Equal(["ai-gateway"], WaitedFor(host.Resource("ai")));
        Assert.All(
            await Task.WhenAll(host.EnvironmentOfAsync("ai-gateway"), host.EnvironmentOfAsync("ai-inference")),
            environment => Assert.True(environment.ContainsKey("ConnectionStrings__redis")));
        Assert.Equal(Checkout.Models, (await host.EnvironmentOfAsync("ai-inference"))["Models__Path"]);
        Assert.Single(host.Resource("ai").Annotations.OfType<HealthCheckAnnotation>());
    }

    [Fact]
    public async Task FromCheckout_ItsFolder_HasItsProjectsAndModels()
    {
        await using var host = Of((builder, data) => builder.AddAiPlatformFromCheckout("ai", Checkout.Root, options =>
        {
            options.RedisStart = AiPlatformRedisStart.Process;
            options.DataPath = data;
        }));

        Assert.Equal(
            Path.Combine(Checkout.Root, "Gateway", "Gateway.csproj"),
            ((ProjectResource)host.Resource("ai-gateway")).GetProjectMetadata().ProjectPath);
        Assert.Equal(Checkout.Models, (await host.EnvironmentOfAsync("ai-inference"))["Models__Path"]);
    }

    [Fact]
    public async Task ConnectionString_KeyAndModel_IsWhatTheClientReads()
    {
        await using var host = Of((builder, data) =>
        {
            var key = builder.AddParameter("ai-key", () => "sesame", secret: true);
            var ai = builder.AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", options => options.DataPath = data)
                .WithRedis(builder.AddConnectionString("jobs"))
                .WithApiKey(key).WithDefaultModel(Embedding);
            builder.AddProject<Projects.Gateway>("support").WithReference(ai).WaitFor(ai);
        });
        var ai = (AiPlatformResource)host.Resource("ai");
        Allocate(ai, 8123);

        var options = AiPlatformClientOptions.Parse((await ((IResourceWithConnectionString)ai).GetConnectionStringAsync(Ct))!);

        Assert.Equal((new Uri("http://localhost:8123"), "sesame", Embedding), (options.Endpoint, options.Key, options.Model));
        Assert.Equal(
            "Endpoint={ai-gateway.bindings.http.url};Key={ai-key.value};Model=all-minilm-l6-v2",
            ai.ConnectionStringExpression.ValueExpression);
        var environment = await host.EnvironmentOfAsync("support");
        Assert.True(environment.ContainsKey("ConnectionStrings__ai"));
        Assert.True(environment.ContainsKey("AI_URI"));
        Assert.Equal(["ai"], WaitedFor(host.Resource("support")));
    }

    [Fact]
    public async Task ConnectionString_NeitherKeyNorModel_IsTheAddress()
    {
        await using var host = FromProjects(_ => { });

        Assert.Equal(
            "Endpoint={ai-gateway.bindings.http.url}",
            ((AiPlatformResource)host.Resource("ai")).ConnectionStringExpression.ValueExpression);
    }

    [Fact]
    public async Task ApiKey_AParameter_ReachesTheGatewayAsAHashWhenItStarts()
    {
        var asked = 0;
        await using var host = FromProjects(ai => ai
            .WithApiKey(ai.ApplicationBuilder.AddParameter("first", () => $"sesame{++asked}", secret: true))
            .WithApiKey(ai.ApplicationBuilder.AddParameter("second", () => "open", secret: true), tenant: "ops", isOperator: true));

        var environment = await host.EnvironmentOfAsync("ai-gateway");

        Assert.Equal(0, asked);
        Assert.Equal(Sha256("sesame1"), await ((IValueProvider)environment["ApiKeys__app__Sha256"]).GetValueAsync(Ct));
        Assert.Equal(Sha256("open"), await ((IValueProvider)environment["ApiKeys__ops__Sha256"]).GetValueAsync(Ct));
        Assert.Equal("operator", environment["ApiKeys__ops__Role"]);
        Assert.False(environment.ContainsKey("ApiKeys__app__Role"));
        Assert.Equal("first", ((AiPlatformResource)host.Resource("ai")).ApiKey?.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a;b")]
    public async Task ApiKey_NotOne_IsRefusedWithoutItsValue(string value)
    {
        await using var host = FromProjects(ai => ai.WithApiKey(ai.ApplicationBuilder.AddParameter("ai-key", () => value, secret: true)));
        var hash = (IValueProvider)(await host.EnvironmentOfAsync("ai-gateway"))["ApiKeys__app__Sha256"];

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(async () => await hash.GetValueAsync(Ct));

        Assert.StartsWith("The parameter ai-key is no API key", refused.Message, StringComparison.Ordinal);
        if (value.Length > 0) Assert.DoesNotContain(value, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApiKey_Published_IsAParameterForTheHash()
    {
        await using var host = FromProjects(
            ai => ai.WithApiKey(ai.ApplicationBuilder.AddParameter("ai-key", () => "sesame", secret: true)), Publish);

        var hash = Assert.IsType<ParameterResource>((await host.EnvironmentOfAsync("ai-gateway"))["ApiKeys__app__Sha256"]);

        Assert.Equal(("ai-key-sha256", true), (hash.Name, hash.Secret));
        Assert.Equal(Sha256("sesame"), await hash.GetValueAsync(Ct));
    }

    [Fact]
    public async Task Redis_Existing_TakesThePlaceOfTheOwnOne()
    {
        await using var host = Of((builder, data) => builder
            .AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", options =>
            {
                options.RedisStart = AiPlatformRedisStart.Process;
                options.DataPath = data;
            })
            .WithRedis(builder.AddRedis("jobs")));

        Assert.Equal(["ai", "ai-gateway", "ai-inference", "jobs"], NamesOf(host));
        Assert.Equal(["jobs"], WaitedFor(host.Resource("ai-inference")));
        Assert.Equal(["ai-inference", "jobs"], WaitedFor(host.Resource("ai-gateway")));
        var environment = await host.EnvironmentOfAsync("ai-gateway");
        var connection = Assert.IsType<ConnectionStringReference>(environment["ConnectionStrings__redis"]);
        Assert.Equal("jobs", connection.Resource.Name);
        Assert.DoesNotContain(
            host.Resource("ai-gateway").Annotations.OfType<ResourceRelationshipAnnotation>(), one => one.Resource.Name == "ai-redis");
    }

    [Fact]
    public async Task Redis_OfAConnectionString_IsNotStarted()
    {
        await using var named = FromProjects(_ => { }, "--ConnectionStrings:ai-redis=127.0.0.1:6379");
        await using var replaced = FromProjects(
            ai => ai.WithRedis(ai.ApplicationBuilder.AddConnectionString("jobs")), "--ConnectionStrings:ai-redis=127.0.0.1:6379");

        Assert.IsType<ConnectionStringResource>(named.Resource("ai-redis"));
        Assert.Equal(["ai", "ai-gateway", "ai-inference", "ai-redis", "ai-redis-address"], NamesOf(named));
        Assert.Equal(["ai", "ai-gateway", "ai-inference", "jobs"], NamesOf(replaced));
    }

    [Fact]
    public async Task Models_Named_AreTheOnlyOnes()
    {
        using var models = new TemporaryFolder();
        var first = Model(models, "first", "my-model");
        await using var host = FromProjects(ai => ai.WithModel(first).WithModel(Path.Combine(Checkout.Models, Embedding)));
        var ai = (AiPlatformResource)host.Resource("ai");
        var folder = Path.Combine(ai.GetDataPath(), "models");

        Assert.Equal(folder, (await host.EnvironmentOfAsync("ai-inference"))["Models__Path"]);
        Assert.Equal(["all-minilm-l6-v2", "my-model"], ai.NamedModels.Order());
        ModelFolder.Link(ai.ModelFolders, folder);
        ModelFolder.Link(ai.ModelFolders, folder);
        Assert.Equal([Embedding, "first"], Directory.GetDirectories(folder).Select(Path.GetFileName).Order());
        Assert.True(File.Exists(Path.Combine(folder, "first", "model.json")));
        Assert.True(File.Exists(Path.Combine(first, "model.json")));
    }

    [Fact]
    public async Task Providers_Given_ReachTheGateway()
    {
        await using var host = FromProjects(ai => ai
            .WithProvider("openai", "https://api.openai.com/v1", ai.ApplicationBuilder.AddParameter("openai-key", secret: true))
            .WithProviderModel("gpt", "openai", "gpt-4o-mini")
            .WithProvider("local", ReferenceExpression.Create($"{ai.ApplicationBuilder.AddParameter("address")}/v1"), apiKey: null)
            .WithGatewaySetting("Limits:RequestsPerMinute", "600"));

        var environment = await host.EnvironmentOfAsync("ai-gateway");

        Assert.Equal("https://api.openai.com/v1", environment["Providers__openai__BaseUrl"]);
        Assert.Equal("openai-key", Assert.IsType<ParameterResource>(environment["Providers__openai__ApiKey"]).Name);
        Assert.Equal(("openai", "gpt-4o-mini"), (environment["Models__gpt__Provider"], environment["Models__gpt__UpstreamModel"]));
        Assert.Equal("{address.value}/v1", ((ReferenceExpression)environment["Providers__local__BaseUrl"]).ValueExpression);
        Assert.Equal("600", environment["Limits__RequestsPerMinute"]);
        Assert.False(environment.ContainsKey("Providers__local__ApiKey"));
    }

    [Fact]
    public async Task Parts_Given_AreReplicasADeviceAndAPort()
    {
        await using var host = FromProjects(ai => ai.WithWorkers(3).WithGateways(2).WithGpu(1).WithHostPort(8123));

        Assert.Equal(3, host.Resource("ai-inference").Annotations.OfType<ReplicaAnnotation>().Last().Replicas);
        Assert.Equal(2, host.Resource("ai-gateway").Annotations.OfType<ReplicaAnnotation>().Last().Replicas);
        var environment = await host.EnvironmentOfAsync("ai-inference");
        Assert.Equal(("cuda", "1"), (environment["Models__Device"], environment["Models__DeviceId"]));
        Assert.Equal(8123, host.Resource("ai-gateway").Annotations.OfType<EndpointAnnotation>().Single(one => one.Name == "http").Port);
    }

    public static TheoryData<string> Refusals => [.. Refused.Keys];

    private static Dictionary<string, Action<IResourceBuilder<AiPlatformResource>>> Refused { get; } = new()
    {
        ["WithWorkers takes a number from 1 to 64, not 0."] = ai => ai.WithWorkers(0),
        ["WithWorkers takes a number from 1 to 64, not 65."] = ai => ai.WithWorkers(65),
        ["WithGateways takes a number from 1 to 64, not 0."] = ai => ai.WithGateways(0),
        ["WithHostPort takes a port from 1 to 65535, not 0."] = ai => ai.WithHostPort(0),
        ["WithGpu takes the number of a GPU from 0 to 63, not 64."] = ai => ai.WithGpu(64),
        ["WithDevice takes one of auto, cpu, cuda, not 'gpu'."] = ai => ai.WithDevice("gpu"),
        ["The folder '/no/such/model' does not exist."] = ai => ai.WithModel("/no/such/model"),
        ["The folder '/no/such/models' does not exist."] = ai => ai.WithModelsFolder("/no/such/models"),
        ["has no model.json, so it is not the folder of a model."] = ai => ai.WithModel(Checkout.Models),
        ["are folders or models of one name; names must differ."] = ai => ai
            .WithModel(Path.Combine(Checkout.Models, Embedding)).WithModel(Path.Combine(Checkout.Models, Embedding)),
        ["ai has its models named already"] = ai => ai
            .WithModel(Path.Combine(Checkout.Models, Embedding)).WithModelsFolder(Checkout.Models),
        ["has a semicolon, which a connection string cannot have."] = ai => ai.WithDefaultModel("a;Key=b"),
        ["The provider 'openai' has no address: '' is not one such as"] = ai => ai.WithProvider("openai", ""),
        ["The provider 'openai' has no address: 'api.openai.com' is not"] = ai => ai.WithProvider("openai", "api.openai.com"),
        ["'' is no name for a provider or its model"] = ai => ai.WithProvider("", "http://localhost/v1"),
        ["ai has the Redis 'one' already. Call WithRedis once"] = ai => ai
            .WithRedis(ai.ApplicationBuilder.AddConnectionString("one")).WithRedis(ai.ApplicationBuilder.AddConnectionString("two")),
        ["The tenant 'app' of ai has a key already; name another tenant."] = ai => ai
            .WithApiKey(ai.ApplicationBuilder.AddParameter("one")).WithApiKey(ai.ApplicationBuilder.AddParameter("two")),
        ["'no name' is no tenant: it takes 1 to 64 characters"] = ai => ai
            .WithApiKey(ai.ApplicationBuilder.AddParameter("one"), tenant: "no name"),
        ["'a__b' is no tenant here: with '__' in it"] = ai => ai
            .WithApiKeyHash(ai.ApplicationBuilder.AddParameter("one"), tenant: "a__b"),
        ["ai is made from projects, which have no images here."] = ai => ai.WithImages("a", "b"),
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void BadInput_IsRefusedWithWhatToDo(string message)
    {
        var refused = Assert.Throws<DistributedApplicationException>(() => FromProjects(Refused[message]));

        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Checkout_ElsewhereOnly_IsRefused()
    {
        var refused = Assert.Throws<DistributedApplicationException>(
            () => Of((builder, _) => builder.AddAiPlatformFromCheckout("ai", "/no/checkout")));

        Assert.StartsWith(
            "'/no/checkout' is not a checkout of AiPlatform: there is no /no/checkout/Gateway/Gateway.csproj. Name the checkout's folder",
            refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Published_WithoutAKey_IsRefusedAtTheStart()
    {
        await using var host = FromProjects(_ => { }, Publish);

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => host.Application.RunAsync(Ct));

        Assert.Contains("Call WithApiKey(builder.AddParameter(\"ai-key\", secret: true)).", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Aspire would wait for the engine without a word.</summary>
    [Fact]
    public async Task Redis_AsAContainerWithoutAnEngine_IsRefusedAtTheStart()
    {
        await using var host = Of(
            (builder, data) => builder.AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", options =>
            {
                options.RedisStart = AiPlatformRedisStart.Container;
                options.DataPath = data;
            }),
            "--ASPIRE_CONTAINER_RUNTIME=no-such-engine");

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => host.Application.StartAsync(Ct));

        Assert.StartsWith("ai-redis is to be a container", refused.Message, StringComparison.Ordinal);
        Assert.All(
            ["Redis:Start", "no container engine answers", "ConnectionStrings__ai-redis"],
            text => Assert.Contains(text, refused.Message, StringComparison.Ordinal));
    }

    /// <summary>The package comes without the Gateway, so the rule for names is written twice.</summary>
    [Theory]
    [InlineData("search", true)]
    [InlineData("a.b-c_d", true)]
    [InlineData("_a", true)]
    [InlineData("", false)]
    [InlineData("two words", false)]
    [InlineData("größe", false)]
    [InlineData("a:b", false)]
    [InlineData("a/b", false)]
    [InlineData("a\n", false)]
    [InlineData("a__b", false)]
    [InlineData("a_", false)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234", false)]
    public void Tenant_AnyName_IsTakenWhereKeyNewTakesIt(string name, bool isTaken)
    {
        Assert.Equal(isTaken, TenantName.Problem(name) is null);
        Assert.Equal(isTaken, KeyArguments.Parse(["new", name], TimeProvider.System).Wanted is not null);
    }

    private static string Model(TemporaryFolder root, string folder, string name)
    {
        var path = Directory.CreateDirectory(Path.Combine(root.Path, folder)).FullName;
        File.WriteAllText(Path.Combine(path, "model.json"), $$"""{ "name": "{{name}}", "files": {} }""");
        return path;
    }

    private static string Sha256(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Without those that Aspire adds for building a project again.</summary>
    private static IEnumerable<string> NamesOf(AppHostModel host) =>
        host.Resources.Select(resource => resource.Name).Where(name => !name.EndsWith("-rebuilder", StringComparison.Ordinal)).Order();

    private static string? ParentOf(IResource resource) => resource.Annotations.OfType<ResourceRelationshipAnnotation>()
        .SingleOrDefault(one => one.Type == "Parent")?.Resource.Name;

    private static IEnumerable<string> WaitedFor(IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Distinct().Order();

    private static void Allocate(AiPlatformResource ai, int port)
    {
        var endpoint = ai.Gateway.Annotations.OfType<EndpointAnnotation>().Single(one => one.Name == "http");
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", port);
    }
}
