using System.Net;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Http;

/// <summary>HEAD and OPTIONS, which no route names.</summary>
public sealed class ImpliedMethodsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/jobs")]
    [InlineData("/v1/queues")]
    [InlineData("/v1/usage")]
    [InlineData("/health")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/v1/models/nobody")]
    [InlineData("/v1/jobs/job_00000000000000000000000000.m")]
    [InlineData("/v1/nothing")]
    public async Task Head_WhereThereIsGet_AnswersTheSameWithoutABody(string path)
    {
        await _gateway.UntilReadyAsync();
        using var get = await _gateway.Client.GetAsync(path);
        var (status, answer) = await _gateway.SendRawAsync($"HEAD {path}", []);

        Assert.Equal((int)get.StatusCode, status);
        Assert.Contains($"Content-Type: {get.Content.Headers.ContentType!.MediaType}", answer, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    /// <summary>The events continue until the job ends, but the first ones come at once.</summary>
    [Fact]
    public async Task Head_Events_AnswersAtOnce()
    {
        var model = RedisServer.Unique("head");
        await _gateway.ServeAsync(model);
        var id = await _gateway.Client.SubmitForIdAsync(model);

        using var response = await _gateway.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Head, $"/v1/jobs/{id}/events")).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Theory]
    [InlineData("HEAD", "/v1/embeddings", "POST, OPTIONS")]
    [InlineData("GET", "/v1/embeddings", "POST, OPTIONS")]
    [InlineData("PUT", "/v1/models", "GET, HEAD, OPTIONS")]
    [InlineData("PATCH", "/v1/queues/m/pause", "POST, OPTIONS")]
    public async Task AnyRoute_AnotherMethod_Answers405WithAllThatAreAllowed(string method, string path, string allowed)
    {
        var (status, answer) = await _gateway.SendRawAsync($"{method} {path}", []);

        Assert.Equal(405, status);
        Assert.Contains($"\r\nAllow: {allowed}\r\n", answer, StringComparison.Ordinal);
        if (method != "HEAD") Assert.Contains("method_not_allowed", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/models", "GET, HEAD, OPTIONS")]
    [InlineData("/v1/embeddings", "POST, OPTIONS")]
    public async Task Options_AnyRoute_SaysWhatIsAllowed(string path, string allowed)
    {
        var (status, answer) = await _gateway.SendRawAsync($"OPTIONS {path}", []);
        var (missing, _) = await _gateway.SendRawAsync("OPTIONS /v1/nothing", []);

        Assert.Equal((204, 404), (status, missing));
        Assert.Contains($"\r\nAllow: {allowed}\r\n", answer, StringComparison.Ordinal);
    }
}
