using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Gateway.Callers;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using Xunit;

namespace AiPlatform.Tests.Gateway.Callers;

/// <summary>A Gateway with keys: which callers are let in, and the errors for others.</summary>
public sealed class ApiKeysTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    public static TheoryData<string> BadHeaders { get; } =
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer \u0001",
        "Bearer wrong\twith a tab",
        "Bearer é",
        "Basic dXNlcjpwYXNz",
        "wrong",
        $"Bearer {new string('k', 10_000)}",
        $"Bearer {new string('k', 10_001)}",
    ];

    [Theory]
    [InlineData("GET", "/v1/models")]
    [InlineData("POST", "/v1/embeddings")]
    [InlineData("GET", "/v1/nothing")]
    public async Task AnyCall_NoKey_Answers401InOpenAIsForm(string method, string path)
    {
        using var response = await _gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        AssertChallenge(response);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal(
            ("invalid_request_error", "invalid_api_key", JsonValueKind.Null),
            (error.GetProperty("type").GetString(), error.GetProperty("code").GetString(), error.GetProperty("param").ValueKind));
    }

    [Theory]
    [InlineData("POST", "/v1/jobs")]
    [InlineData("GET", "/v1/jobs/job_00000000000000000000000000.m")]
    [InlineData("GET", "/nothing")]
    [InlineData("PUT", "/openapi/v1.json")]
    public async Task AnyCall_NoKey_Answers401AsAProblem(string method, string path)
    {
        using var response = await _gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        AssertChallenge(response);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (401, "invalid_api_key", "/problems/invalid-api-key"),
            (problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString(), problem.GetProperty("type").GetString()));
    }

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public async Task AnyCall_BadHeader_Answers401WithoutRepeatingIt(string header)
    {
        var (status, answer) = await GetRawAsync($"Authorization: {header}");

        Assert.Equal(401, status);
        Assert.Contains("invalid_api_key", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("kkkk", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("dXNlcjpwYXNz", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyCall_SeveralHeaders_Answers401EvenIfOneIsRight()
    {
        var (status, answer) = await GetRawAsync($"Authorization: Bearer {fixture.User.Value}", $"Authorization: Bearer {fixture.User.Value}");

        Assert.Equal(401, status);
        Assert.Contains("2 times", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer ")]
    [InlineData("bearer ")]
    [InlineData("BEARER   ")]
    public async Task AnyCall_Key_IsLetIn(string scheme)
    {
        var (status, _) = await GetRawAsync($"Authorization: {scheme}{fixture.User.Value}");

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task AnyCall_KeyWithOneMoreOrLessCharacter_Answers401()
    {
        foreach (var key in (string[])[fixture.User.Value[..^1], fixture.User.Value + "x", fixture.User.Value.ToUpperInvariant()])
        {
            var (status, _) = await GetRawAsync($"Authorization: Bearer {key}");
            Assert.Equal(401, status);
        }
    }

    [Theory]
    [InlineData("GET", "/v1/queues")]
    [InlineData("POST", "/v1/queues/m/pause")]
    [InlineData("POST", "/v1/queues/m/resume")]
    [InlineData("POST", "/v1/queues/m/requeue-dead")]
    [InlineData("GET", "/v1/workers")]
    [InlineData("GET", "/v1/providers")]
    public async Task RoutesOfOperators_User_Answers403AsAProblem(string method, string path)
    {
        using var user = fixture.User.ClientOf(_gateway);
        using var response = await user.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        Assert.Equal(
            (HttpStatusCode.Forbidden, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((403, "forbidden"), (problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task OpenAISdk_RightAndWrongKey_IsLetInAndRefused()
    {
        OpenAIClient SdkWith(string key) => new(
            new ApiKeyCredential(key),
            new OpenAIClientOptions { Endpoint = new Uri(_gateway.Address, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });

        await SdkWith(fixture.User.Value).GetOpenAIModelClient().GetModelsAsync();
        var error = await Assert.ThrowsAsync<ClientResultException>(() => SdkWith("wrong").GetOpenAIModelClient().GetModelsAsync());

        Assert.Equal(401, error.Status);
        Assert.Contains("invalid_api_key", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/openapi/v1.json")]
    public async Task OpenRoutes_NoKeyOrAWrongOne_Answer(string path)
    {
        await _gateway.UntilReadyAsync();
        using var without = await _gateway.Client.GetAsync(path);
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Authorization", "Bearer wrong" } } };
        using var wrong = await _gateway.Client.SendAsync(request);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (without.StatusCode, wrong.StatusCode));
    }

    [Fact]
    public async Task Document_WithKeys_AsksForThem()
    {
        var document = await _gateway.Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");

        var scheme = document.GetProperty("components").GetProperty("securitySchemes").GetProperty("apiKey");
        Assert.Equal(("http", "bearer"), (scheme.GetProperty("type").GetString(), scheme.GetProperty("scheme").GetString()));
        Assert.True(document.GetProperty("security")[0].TryGetProperty("apiKey", out _));
    }

    [Theory]
    [InlineData("/v1/models", "application/json")]
    [InlineData("/v1/jobs", "application/problem+json")]
    public async Task OperatorOnly_User_Answers403InTheFormOfThePath(string path, string contentType)
    {
        var context = ContextOf(path, fixture.User, new OperatorOnly());

        await CreateSut().InvokeAsync(context);

        Assert.Equal((403, contentType), (context.Response.StatusCode, context.Response.ContentType));
        context.Response.Body.Position = 0;
        Assert.Contains("\"forbidden\"", await new StreamReader(context.Response.Body).ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OperatorOnly_Operator_IsLetIn()
    {
        var context = ContextOf("/v1/queues", fixture.Operator, new OperatorOnly());

        await CreateSut().InvokeAsync(context);

        Assert.Equal(200, context.Response.StatusCode);
        Assert.Equal(new Caller("ops", IsOperator: true), context.Caller);
    }

    private CallerCheck CreateSut() => new(_ => Task.CompletedTask, _gateway.Services.GetRequiredService<ApiKeys>());

    private DefaultHttpContext ContextOf(string path, TestKey key, object metadata)
    {
        var context = new DefaultHttpContext { RequestServices = _gateway.Services };
        context.Request.Path = path;
        context.Request.Headers.Authorization = $"Bearer {key.Value}";
        context.Response.Body = new MemoryStream();
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), "test"));
        return context;
    }

    private static void AssertChallenge(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().ToString());
    }

    private Task<(int Status, string Answer)> GetRawAsync(params string[] headers) => _gateway.SendRawAsync("GET /v1/models", headers);
}
