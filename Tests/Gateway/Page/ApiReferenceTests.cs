using System.Net;
using System.Text.RegularExpressions;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary><c>/docs</c>.</summary>
public sealed partial class ApiReferenceTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [GeneratedRegex("""(?:src|href)="([^"]+)"|import [^"']*["']([^"']+)["']""")]
    private static partial Regex Source { get; }

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex Nonce { get; }

    [Fact]
    public async Task GetDocs_WithoutAKey_IsAPageWithAPolicyAndAFreshNonce()
    {
        using var one = await _gateway.Client.GetAsync("/docs/");
        using var other = await _gateway.Client.GetAsync("/docs");
        var page = await one.Content.ReadAsStringAsync();
        var policy = one.Headers.GetValues("Content-Security-Policy").Single();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (one.StatusCode, other.StatusCode));
        Assert.Equal("text/html", one.Content.Headers.ContentType?.MediaType);
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        var scripts = policy.Split(';').Single(part => part.Contains("script-src", StringComparison.Ordinal));
        Assert.DoesNotContain("unsafe", scripts, StringComparison.Ordinal);
        Assert.Contains($"nonce=\"{Nonce.Match(policy).Groups[1].Value}\"", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.NotEqual(policy, other.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Theory]
    [InlineData("/docs/nofile")]
    [InlineData("/docs/v1")]
    [InlineData("/docs/scalar.map")]
    [InlineData("/docs/a/b")]
    public async Task GetDocs_WhatIsNotThere_Answers404(string path)
    {
        using var client = fixture.User.ClientOf(_gateway);

        using var response = await client.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    /// <summary>It works where there is no internet.</summary>
    [Fact]
    public async Task GetDocs_WhatThePageLoads_ComesFromTheGateway()
    {
        var page = await _gateway.Client.GetStringAsync("/docs/");
        var sources = Source.Matches(page)
            .Select(match => match.Groups[1].Length > 0 ? match.Groups[1].Value : match.Groups[2].Value).ToList();

        Assert.NotEmpty(sources);
        Assert.DoesNotContain(sources, source => source.Contains("//", StringComparison.Ordinal));
        foreach (var source in sources)
        {
            using var response = await _gateway.Client.GetAsync(new Uri(new Uri(_gateway.Address, "/docs/"), source));
            Assert.True(response.IsSuccessStatusCode, $"{source}: {response.StatusCode}");
        }
    }
}
