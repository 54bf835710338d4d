using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.ServiceDefaults;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary><c>/version</c>, <c>/v1/caller</c> and <c>/favicon.ico</c>.</summary>
public sealed class SystemEndpointsTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task GetVersion_WithoutAKey_TellsIt() =>
        Assert.Equal($$"""{"version":"{{ProductVersion.Text}}"}""", await _gateway.Client.GetStringAsync("/version"));

    [Fact]
    public async Task GetCaller_UserAndOperator_TellsWhoTheyAre()
    {
        foreach (var (key, role) in ((TestKey, string)[])[(fixture.User, "user"), (fixture.Operator, "operator")])
        {
            using var client = key.ClientOf(_gateway);
            Assert.Equal(
                $$"""{"tenant":"{{key.Tenant}}","role":"{{role}}","has_keys":true,"trace_url":null}""",
                await client.GetStringAsync("/v1/caller"));
        }
    }

    [Fact]
    public async Task GetCaller_WithoutAKey_Answers401AsAProblem()
    {
        using var response = await _gateway.Client.GetAsync("/v1/caller");

        Assert.Equal(
            (HttpStatusCode.Unauthorized, "application/problem+json"),
            (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task GetCaller_GatewayWithoutKeys_IsAnOperatorAndKnowsTheDashboard()
    {
        const string Dashboard = "http://localhost:18888/traces/detail/{traceId}";
        await using var keyless = await GatewayHost.StartAsync(fixture.Redis, $"Gateway:TraceUrl={Dashboard}");

        var caller = await keyless.Client.GetFromJsonAsync<JsonElement>("/v1/caller");

        Assert.Equal(
            ("operator", false, Dashboard),
            (caller.GetProperty("role").GetString(), caller.GetProperty("has_keys").GetBoolean(),
                caller.GetProperty("trace_url").GetString()));
    }

    [Theory]
    [InlineData("http://localhost:18888/traces")]
    [InlineData("javascript:alert('{traceId}')")]
    [InlineData("http://localhost/{traceId} x")]
    public async Task Start_TraceUrlThatLeadsNowhere_IsRefused(string url)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(
            () => GatewayHost.StartAsync(fixture.Redis, $"Gateway:TraceUrl={url}"));

        Assert.Contains("TraceUrl", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/favicon.ico", "image/x-icon")]
    [InlineData("/favicon.svg", "image/svg+xml")]
    public async Task GetFavicon_WithoutAKey_IsAnImageThatIsAskedForOnce(string path, string type)
    {
        using var first = await _gateway.Client.GetAsync(path);
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var second = await _gateway.Client.SendAsync(request);

        Assert.Equal((HttpStatusCode.OK, type), (first.StatusCode, first.Content.Headers.ContentType?.MediaType));
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }
}
