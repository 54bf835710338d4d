using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

/// <summary><c>/metrics</c> of a Gateway: who gets it, and where. The worker's, which has no keys, is in the tests of monitoring.</summary>
public sealed class MetricsServerTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string On = "Metrics:Prometheus=true";

    private static readonly TestKey User = new("user-1");
    private static readonly TestKey Operator = new("ops", "operator");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetMetrics_WithKeys_IsForOperators()
    {
        await using var sut = await GatewayHost.StartAsync(redis, [.. User.Settings, .. Operator.Settings, On]);
        using var user = User.ClientOf(sut);
        using var ops = Operator.ClientOf(sut);

        using var nobody = await sut.Client.GetAsync("/metrics", Ct);
        using var refused = await user.GetAsync("/metrics", Ct);
        using var answered = await ops.GetAsync("/metrics", Ct);

        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal((HttpStatusCode.OK, "text/plain"), (answered.StatusCode, answered.Content.Headers.ContentType?.MediaType));
        Assert.Contains("service_name=\"gateway\"", await answered.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    /// <summary>Newer ones would take names with dots; all get those that the dashboard has.</summary>
    [Fact]
    public async Task GetMetrics_AsPrometheusAsks_HasNamesWithUnderscores()
    {
        await using var sut = await GatewayHost.StartAsync(redis, On);
        using var call = await sut.PostAsync("/v1/embeddings", new { model = "none", input = "a" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation(
            "Accept", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.3,*/*;q=0.1");

        using var answer = await sut.Client.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);

        Assert.Contains("gen_ai_server_request_duration_seconds_bucket{", text, StringComparison.Ordinal);
        Assert.Contains("outcome=\"model_not_found\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("gen_ai.server", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Metrics_OtherMethods_AreNotAllowed(string method)
    {
        await using var sut = await GatewayHost.StartAsync(redis, On);

        using var answer = await sut.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/metrics"), Ct);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
    }

    [Fact]
    public async Task GetMetrics_NotAskedFor_IsNotThere()
    {
        await using var sut = await GatewayHost.StartAsync(redis);

        using var answer = await sut.Client.GetAsync("/metrics", Ct);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Url_OfItsOwn_HasTheMetricsWithoutAKeyAndNothingElse()
    {
        var url = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        await using var sut = await GatewayHost.StartAsync(redis, [.. Operator.Settings, On, $"Metrics:Url={url.ToString().TrimEnd('/')}"]);
        using var ops = Operator.ClientOf(sut);
        using var prometheus = new HttpClient { BaseAddress = url };

        using var there = await prometheus.GetAsync("/metrics", Ct);
        using var api = await prometheus.GetAsync("/v1/models", Ct);
        using var health = await prometheus.GetAsync("/health", Ct);
        using var here = await ops.GetAsync("/metrics", Ct);

        Assert.Equal(HttpStatusCode.OK, there.StatusCode);
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound],
            new[] { api.StatusCode, health.StatusCode, here.StatusCode });
    }

    [Theory]
    [InlineData("9464")]
    [InlineData("https://*:9464")]
    [InlineData("http://*")]
    [InlineData("http://*:9464/metrics")]
    [InlineData("http://*:99999")]
    [InlineData("http://*:65536")]
    [InlineData("http://*:0")]
    public async Task Start_UrlThatIsNone_IsRefused(string url)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(
            () => GatewayHost.StartAsync(redis, On, $"Metrics:Url={url}"));

        Assert.StartsWith("Metrics:Url must be ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("1 to 65535", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Two processes on a machine that have the same settings, as those of <c>./ai up</c>.</summary>
    [Theory]
    [InlineData("http://127.0.0.1", "needs an address of its own")]
    [InlineData("http://192.0.2.1", "cannot listen")]
    public async Task Start_AddressThatCannotBeHad_NamesTheSetting(string host, string reason)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var url = $"{host}:{((IPEndPoint)taken.LocalEndpoint).Port}";

        using var process = Process.Start(new ProcessStartInfo("dotnet", [
            Checkout.Program("Gateway"), "--Metrics:Prometheus=true", $"--Metrics:Url={url}", $"--ConnectionStrings:redis={redis.ConnectionString}",
            $"--urls=http://127.0.0.1:{FreePort.Next()}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (_, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct).WaitAsync(TimeSpan.FromMinutes(1), Ct);

        Assert.Equal(1, process.ExitCode);
        var line = Assert.Single((await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: Metrics:Url ", line, StringComparison.Ordinal);
        Assert.Contains(reason, line, StringComparison.Ordinal);
    }
}
