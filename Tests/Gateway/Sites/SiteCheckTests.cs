using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Sites;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Sites;

/// <summary>Requests of web pages, and under names that others point at this machine, to a Gateway without keys.</summary>
public sealed class SiteCheckTests(SiteCheckTests.Gateways gateways) : IClassFixture<SiteCheckTests.Gateways>
{
    private const string App = "https://app.example.com";

    private GatewayHost Keyless => gateways.Keyless;

    [Theory]
    [InlineData("POST", "/v1/queues/all-minilm-l6-v2/pause")]
    [InlineData("POST", "/v1/jobs")]
    [InlineData("POST", "/v1/embeddings")]
    [InlineData("POST", "/ask-ai")]
    [InlineData("GET", "/v1/jobs")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/openapi/v1.json")]
    [InlineData("GET", "/nothing")]
    [InlineData("OPTIONS", "/v1/jobs")]
    public async Task AnyRoute_ForeignHost_Answers403InTheFormOfThePath(string method, string path)
    {
        using var response = await SendAsync(Keyless, method, path, ("Host", "evil.example"));

        await AssertRefusedAsync(response, path, "host_not_allowed", "evil.example", "Gateway:Hosts");
    }

    [Theory]
    [InlineData("POST", "/v1/queues/all-minilm-l6-v2/pause")]
    [InlineData("POST", "/v1/jobs")]
    [InlineData("POST", "/v1/embeddings")]
    [InlineData("DELETE", "/v1/jobs/job_00000000000000000000000000.m")]
    [InlineData("GET", "/v1/models")]
    [InlineData("OPTIONS", "/v1/embeddings")]
    public async Task AnyRoute_PageOfAnotherSite_Answers403InTheFormOfThePath(string method, string path)
    {
        using var response = await SendAsync(Keyless, method, path, ("Origin", "https://evil.example"));

        await AssertRefusedAsync(response, path, "cross_site", "https://evil.example", "Gateway:CorsOrigins");
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://localhost:PORT")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("file://")]
    [InlineData("chrome-extension://abc")]
    [InlineData("http://127.0.0.1:PORT.evil.example")]
    [InlineData("http://127.0.0.1:PORT@evil.example")]
    public async Task AnyRoute_OriginThatIsNotItsOwn_Answers403(string origin)
    {
        using var response = await SendAsync(
            Keyless, "POST", "/v1/jobs", ("Origin", origin.Replace("PORT", $"{Keyless.Address.Port}", StringComparison.Ordinal)));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("cross-site", null, null, 403)]
    [InlineData("same-site", null, null, 403)]
    [InlineData("cross-site", "no-cors", "image", 403)]
    [InlineData("cross-site", "navigate", "iframe", 403)]
    [InlineData("cross-site", "navigate", "document", 200)]
    [InlineData("same-origin", "cors", "empty", 200)]
    [InlineData("none", "navigate", "document", 200)]
    public async Task Get_BrowserSaysWhosePageAsks_IsTakenFromItsOwnAndFromLinks(string site, string? mode, string? destination, int status)
    {
        (string, string)[] headers = mode is null
            ? [("Sec-Fetch-Site", site)]
            : [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", destination!)];

        using var response = await SendAsync(Keyless, "GET", "/v1/models", headers);

        Assert.Equal(status, (int)response.StatusCode);
    }

    /// <summary>A form of another page that is sent to here navigates, too.</summary>
    [Fact]
    public async Task Post_FormOfAnotherPage_Answers403()
    {
        using var response = await SendAsync(
            Keyless, "POST", "/v1/queues/m/pause", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:8080")]
    [InlineData("gateway-aiplatform.dev.localhost:17000")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3:80")]
    [InlineData("[::1]:8080")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task AnyRoute_LoopbackName_IsServed(string host)
    {
        using var response = await SendAsync(Keyless, "GET", "/v1/models", ("Host", host));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("evil-localhost")]
    [InlineData("localhost.")]
    [InlineData("10.0.0.5")]
    [InlineData("128.0.0.1")]
    [InlineData("[::2]")]
    public async Task AnyRoute_NameThatOnlyLooksLikeIt_Answers403(string host)
    {
        using var response = await SendAsync(Keyless, "GET", "/v1/models", ("Host", host));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    /// <summary>A page that is served from here, behind a proxy that speaks https or none, calls its own origin.</summary>
    [Theory]
    [InlineData("127.0.0.1:8080", "http://127.0.0.1:8080")]
    [InlineData("localhost", "https://localhost")]
    [InlineData("localhost:443", "https://localhost")]
    [InlineData("[::1]:5000", "http://[::1]:5000")]
    public async Task Post_PageOfItsOwn_IsTaken(string host, string origin)
    {
        using var response = await SendAsync(
            Keyless, "POST", "/v1/embeddings", ("Host", host), ("Origin", origin), ("Sec-Fetch-Site", "same-origin"));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    public async Task Probe_ByAnyAddress_IsAnswered(string path)
    {
        await Keyless.UntilReadyAsync();
        using var byAddress = await SendAsync(Keyless, "GET", path, ("Host", "10.1.2.3:8080"));
        using var byName = await SendAsync(Keyless, "GET", path, ("Host", "gateway.pod.cluster.local"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (byAddress.StatusCode, byName.StatusCode));
    }

    [Theory]
    [InlineData("gateway:8080", 200)]
    [InlineData("GATEWAY", 200)]
    [InlineData("a.internal.example", 200)]
    [InlineData("b.a.internal.example:1", 200)]
    [InlineData("internal.example", 403)]
    [InlineData("evilinternal.example", 403)]
    [InlineData("10.0.0.5:8080", 200)]
    [InlineData("[fd00::5]", 200)]
    [InlineData("localhost", 200)]
    [InlineData("evil.example", 403)]
    public async Task AnyRoute_ConfiguredHosts_AreServed(string host, int status)
    {
        using var response = await SendAsync(gateways.Configured, "GET", "/v1/models", ("Host", host));

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Cors_ConfiguredOrigin_MayCallAndReadOthersMayNot()
    {
        using var preflight = await SendAsync(
            gateways.Configured, "OPTIONS", "/v1/embeddings", ("Origin", App), ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type,idempotency-key"));
        using var call = await SendAsync(gateways.Configured, "POST", "/v1/embeddings", ("Origin", App), ("Sec-Fetch-Site", "cross-site"));
        using var other = await SendAsync(gateways.Configured, "POST", "/v1/embeddings", ("Origin", $"{App}:8443"));

        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(App, preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains(
            "idempotency-key", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal((HttpStatusCode.NotFound, App), (call.StatusCode, call.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        Assert.Contains("X-Job-Id", string.Join(',', call.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    /// <summary>A page has no key unless its user gave it one; then CORS says whether its browser lets it call.</summary>
    [Fact]
    public async Task WithKeys_AnyHostAndOrigin_AreTakenWithAKeyOnly()
    {
        (string, string)[] foreign = [("Host", "ai.example.com"), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
        using var without = await SendAsync(gateways.Keyed, "GET", "/v1/models", foreign);
        using var with = await SendAsync(
            gateways.Keyed, "GET", "/v1/models", [.. foreign, ("Authorization", $"Bearer {gateways.Key.Value}")]);
        using var allowed = await SendAsync(
            gateways.Keyed, "GET", "/v1/models", ("Origin", App), ("Authorization", $"Bearer {gateways.Key.Value}"));
        using var preflight = await SendAsync(
            gateways.Keyed, "OPTIONS", "/v1/models", ("Origin", App), ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "authorization"));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (without.StatusCode, with.StatusCode));
        Assert.False(with.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal((HttpStatusCode.OK, App), (allowed.StatusCode, allowed.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        Assert.Equal((HttpStatusCode.NoContent, "authorization"), (preflight.StatusCode, preflight.Headers.GetValues("Access-Control-Allow-Headers").Single()));
    }

    /// <summary>Routes without a body need no content type; whether they are asked by a page is known all the same.</summary>
    [Fact]
    public async Task Pause_WithoutABody_NeedsNoContentType()
    {
        var model = RedisServer.Unique("paused");
        await Keyless.ServeAsync(model);

        using var paused = await Keyless.Client.PostAsync($"/v1/queues/{model}/pause", content: null);
        using var refused = await SendAsync(Keyless, "POST", $"/v1/queues/{model}/resume", ("Origin", "https://evil.example"));
        var queue = await Keyless.Client.GetFromJsonAsync<JsonElement>("/v1/queues");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (paused.StatusCode, refused.StatusCode));
        Assert.True(queue.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("queue").GetString() == model).GetProperty("paused").GetBoolean());
    }

    [Theory]
    [InlineData("*", "evil.example", true)]
    [InlineData("*.example.com", "a.example.com", true)]
    [InlineData("*.example.com", ".example.com", false)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("a.example.com", "b.a.example.com", false)]
    [InlineData("fd00::5", "[FD00::5]", true)]
    public void Contains_ConfiguredName_FitsWholeNames(string configured, string host, bool fits) =>
        Assert.Equal(fits, new AllowedHosts([configured]).Contains(host));

    private static async Task<HttpResponseMessage> SendAsync(
        GatewayHost gateway, string method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST") request.Content = new StringContent("""{"model":"nobody","input":"a"}""", Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await gateway.Client.SendAsync(request);
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, string path, string code, params string[] words)
    {
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        var isOpenAI = path.StartsWith("/v1/models", StringComparison.Ordinal) || path.StartsWith("/v1/embeddings", StringComparison.Ordinal);
        var error = isOpenAI ? body.GetProperty("error") : body;

        Assert.Equal((HttpStatusCode.Forbidden, code), (response.StatusCode, error.GetProperty("code").GetString()));
        Assert.Equal(isOpenAI ? "application/json" : "application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var message = error.GetProperty(isOpenAI ? "message" : "detail").GetString()!;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    /// <summary>One Redis; a Gateway without keys, one with configured hosts and origins, and one with keys.</summary>
    public sealed class Gateways : IAsyncLifetime
    {
        private readonly RedisServer _redis = new();

        internal GatewayHost Keyless { get; private set; } = null!;

        internal GatewayHost Configured { get; private set; } = null!;

        internal GatewayHost Keyed { get; private set; } = null!;

        internal TestKey Key { get; } = new("page");

        public async ValueTask InitializeAsync()
        {
            await _redis.InitializeAsync();
            Keyless = await GatewayHost.StartAsync(_redis);
            Configured = await GatewayHost.StartAsync(
                _redis, "Gateway:Hosts:0=gateway", "Gateway:Hosts:1=*.internal.example", "Gateway:Hosts:2=10.0.0.5",
                "Gateway:Hosts:3=fd00::5", $"Gateway:CorsOrigins:0={App}");
            Keyed = await GatewayHost.StartAsync(_redis, [.. Key.Settings, $"Gateway:CorsOrigins:0={App}"]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var gateway in (GatewayHost[])[Keyless, Configured, Keyed]) await gateway.DisposeAsync();
            await _redis.DisposeAsync();
        }
    }
}
