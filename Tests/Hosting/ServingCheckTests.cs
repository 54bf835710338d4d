using AiPlatform.Hosting.Readiness;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace AiPlatform.Tests.Hosting;

/// <summary>What others wait for, against a real Gateway.</summary>
public sealed class ServingCheckTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_AWorkerAndNoNamedModels_IsHealthy()
    {
        await gateway.Gateway.ServeAsync("somebodys");

        await Poll.UntilAsync(
            async () => (await CheckAsync(gateway.Gateway.Address, null)).Status == HealthStatus.Healthy, "the Gateway knows the worker");
    }

    [Fact]
    public async Task Check_NoWorker_SaysSo()
    {
        await using var redis = RedisServer.With();
        await redis.InitializeAsync();
        await using var lonely = await GatewayHost.StartAsync(redis);
        await lonely.UntilReadyAsync();

        var result = await CheckAsync(lonely.Address, null);

        Assert.Equal((HealthStatus.Unhealthy, "No worker lives: jobs wait."), (result.Status, result.Description));
    }

    /// <summary>Its probe says 200, because it still serves what needs no Redis.</summary>
    [Fact]
    public async Task Check_RedisIsAway_SaysSo()
    {
        var redis = RedisServer.With();
        await redis.InitializeAsync();
        await using var degraded = await GatewayHost.StartAsync(redis);
        await degraded.UntilReadyAsync();
        await redis.DisposeAsync();

        var result = await CheckAsync(degraded.Address, null, HealthStatus.Degraded);

        Assert.Equal(HealthStatus.Degraded, result.Status);
        Assert.StartsWith("The Gateway is degraded: Redis cannot be reached", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ANamedModelThatNobodyServes_SaysSo()
    {
        await gateway.Gateway.ServeAsync("somebodys");
        HealthCheckResult result = default;

        await Poll.UntilAsync(
            async () => (result = await CheckAsync(gateway.Gateway.Address, "nobodys/model")).Description?.Contains("nobodys") == true,
            () => $"the Gateway knows the worker: {result.Description}");

        Assert.Equal((HealthStatus.Unhealthy, "No worker serves the model 'nobodys/model' yet."), (result.Status, result.Description));
    }

    [Fact]
    public async Task Check_NoGateway_SaysSo()
    {
        var result = await CheckAsync(new Uri("http://127.0.0.1:1"), null);

        Assert.Equal((HealthStatus.Unhealthy, "The Gateway does not answer."), (result.Status, result.Description));
    }

    private static async Task<HealthCheckResult> CheckAsync(
        Uri address, string? model, HealthStatus failure = HealthStatus.Unhealthy)
    {
        await using var host = HostingModel.FromProjects(ai =>
        {
            if (model is not null) ai.WithDefaultModel(model);
        });
        var ai = (AiPlatformResource)host.Resource("ai");
        var endpoint = ai.Gateway.Annotations.OfType<EndpointAnnotation>().Single(one => one.Name == "http");
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, address.Host, address.Port);
        var sut = new ServingCheck(ai, ai.NamedModels);
        return await sut.CheckHealthAsync(
            new HealthCheckContext { Registration = new HealthCheckRegistration("ai", sut, failure, tags: null) }, Ct);
    }
}
