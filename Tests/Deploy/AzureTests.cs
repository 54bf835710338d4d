using System.Text.Json;
using System.Text.RegularExpressions;
using AiPlatform.Gateway.Queues;
using Xunit;
using static AiPlatform.Tests.Deploy.DeployFiles;

namespace AiPlatform.Tests.Deploy;

/// <summary>Bicep's compiler is not part of the build. These tests check that the files have what the programs and azd expect.</summary>
public sealed class AzureTests
{
    private static readonly JsonSerializerOptions AsTheGatewayWrites = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly string Apps = Read("azure", "platform.bicep") + Read("azure", "gateway.bicep")
        + Read("azure", "inference.bicep");

    [Fact]
    public void Variables_ThatAppsGet_AreSettings()
    {
        var names = Regex.Matches(Apps, @"name: '(\w+__\w+)'").Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.Contains("Redis__EntraUser", names);
        Assert.All(names, name => Assert.True(IsSetting(name), $"{name} is no setting."));
    }

    [Fact]
    public void Parameters_AzdsFile_AreThoseOfTheTemplate()
    {
        var template = Regex.Matches(Read("azure", "main.bicep"), @"(?m)^param (\w+)").Select(match => match.Groups[1].Value);

        using var given = JsonDocument.Parse(Read("azure", "main.parameters.json"));

        Assert.Equal(
            template.Order(), given.RootElement.GetProperty("parameters").EnumerateObject().Select(parameter => parameter.Name).Order());
    }

    [Fact]
    public void Redis_Managed_NeverEvictsAndKeepsAFile()
    {
        var redis = Read("azure", "redis.bicep");

        Assert.All(
            ["evictionPolicy: 'NoEviction'", "aofEnabled: true", "clientProtocol: 'Encrypted'", "accessKeysAuthentication: 'Disabled'"],
            line => Assert.Contains(line, redis, StringComparison.Ordinal));
    }

    [Fact]
    public void Redis_ByDefault_HasNoPublicAddress()
    {
        Assert.Contains("param redisPublic bool = false", Read("azure", "main.bicep"), StringComparison.Ordinal);
        Assert.Contains("publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'", Read("azure", "redis.bicep"), StringComparison.Ordinal);
    }

    [Fact]
    public void Telemetry_ByDefault_GoesToApplicationInsights()
    {
        Assert.Contains("appInsightsConfiguration: empty(otlpEndpoint)", Apps, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT", Apps, StringComparison.Ordinal);
    }

    [Fact]
    public void Apps_Both_GetTimeToEndAndProbes()
    {
        Assert.Equal(2, Regex.Count(Apps, "terminationGracePeriodSeconds: 35"));
        Assert.Equal(2, Regex.Count(Apps, "path: '/health', port: 8080"));
        Assert.Equal(4, Regex.Count(Apps, "path: '/alive', port: 8080"));
        Assert.Equal(2, Regex.Count(Apps, "type: 'Startup'"));
    }

    [Fact]
    public void Services_OfAzd_AreTheApps()
    {
        var services = At<Dictionary<object, object?>>(Yaml(File.ReadAllText(Path.Combine(Checkout.Root, "azure.yaml"))), "services");

        Assert.All(services, service =>
        {
            Assert.True(
                File.Exists(
                    Path.Combine(Checkout.Root, At<string>(service.Value, "project"), $"{At<string>(service.Value, "project")}.csproj")));
            Assert.Contains($"'azd-service-name': '{service.Key}'", Apps, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("helm", "templates", "autoscaling.yaml")]
    [InlineData("azure", "inference.bicep")]
    public void Autoscaler_ValuesItReads_AreInTheAnswer(params string[] path)
    {
        var load = JsonSerializer.SerializeToElement(new WorkerLoad { Jobs = 1, OldestMs = 2 }, AsTheGatewayWrites);

        var read = Regex.Matches(Read(path), @"load\.(\w+)").Select(match => match.Groups[1].Value);

        Assert.Equal(load.EnumerateObject().Select(field => field.Name).Order(), read.Order());
    }
}
