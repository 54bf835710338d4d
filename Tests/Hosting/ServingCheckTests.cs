using AiPlatform.Hosting.Readiness;
using AiPlatform.Tests.Gateway.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace AiPlatform.Tests.Hosting;

/// <summary>What others wait for, against a real Gateway that has no workers.</summary>
public sealed class ServingCheckTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_GatewayWithoutNamedModels_IsHealthy() =>
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(gateway.Gateway.Address, null)).Status);

    [Fact]
    public async Task Check_ANamedModelThatNobodyServes_SaysSo()
    {
        var result = await CheckAsync(gateway.Gateway.Address, "nobodys/model");

        Assert.Equal((HealthStatus.Unhealthy, "No worker serves the model 'nobodys/model' yet."), (result.Status, result.Description));
    }

    [Fact]
    public async Task Check_NoGateway_SaysSo()
    {
        var result = await CheckAsync(new Uri("http://127.0.0.1:1"), null);

        Assert.Equal((HealthStatus.Unhealthy, "The Gateway does not answer."), (result.Status, result.Description));
    }

    private static async Task<HealthCheckResult> CheckAsync(Uri address, string? model)
    {
        await using var host = HostingModel.FromProjects(ai =>
        {
            if (model is not null) ai.WithDefaultModel(model);
        });
        var ai = (AiPlatformResource)host.Resource("ai");
        var endpoint = ai.Gateway.Annotations.OfType<EndpointAnnotation>().Single(one => one.Name == "http");
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, address.Host, address.Port);
        var sut = new ServingCheck(ai);
        return await sut.CheckHealthAsync(
            new HealthCheckContext { Registration = new HealthCheckRegistration("ai", sut, failureStatus: null, tags: null) }, Ct);
    }
}
