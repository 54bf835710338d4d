using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway;

public sealed class ApiDescriptionTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task Document_EveryRouteBelowV1_IsThereWithItsTypesAndErrors()
    {
        var paths = (await DocumentAsync()).GetProperty("paths");
        var routes = _gateway.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/v1", StringComparison.Ordinal))
            .ToList();

        Assert.True(routes.Count >= 6);
        foreach (var route in routes)
        {
            var path = route.RoutePattern.RawText!.Replace("**", "", StringComparison.Ordinal).TrimEnd('/');
            var method = Assert.Single(route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods);
            var operation = paths.GetProperty(path).GetProperty(method.ToLowerInvariant());
            var responses = operation.GetProperty("responses").EnumerateObject().ToDictionary(one => int.Parse(one.Name, provider: null), one => one.Value);

            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.Contains(responses.Keys, status => status is 200 or 202);
            Assert.Contains(404, responses.Keys);
            Assert.Contains(503, responses.Keys);
            var (type, schema) = path.StartsWith("/v1/jobs", StringComparison.Ordinal)
                ? ("application/problem+json", "ProblemBody")
                : ("application/json", "OpenAIErrorBody");
            foreach (var (status, response) in responses)
            {
                var name = status < 400 ? "application/json" : type;
                var reference = response.GetProperty("content").GetProperty(name).GetProperty("schema").GetProperty("$ref").GetString()!;
                if (status >= 400) Assert.Equal($"#/components/schemas/{schema}", reference);
            }

            if (method != "POST") continue;
            Assert.True(operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").TryGetProperty("schema", out _));
            foreach (var status in (int[])[400, 413, 415, 429]) Assert.Contains(status, responses.Keys);
        }
    }

    /// <summary>Answers that are written by hand have the fields that the description promises.</summary>
    [Fact]
    public async Task Document_Schemas_MatchWhatIsAnswered()
    {
        var model = RedisServer.Unique("described");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

        using var embeddings = await _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });
        using var job = await _gateway.PostAsync("/v1/jobs", new { endpoint = Endpoints.Embeddings, body = new { model, input = "a" } });
        using var problem = await _gateway.Client.GetAsync("/v1/jobs/x");
        using var error = await _gateway.Client.GetAsync("/v1/models/x");

        var list = await embeddings.Content.ReadFromJsonAsync<JsonElement>();
        AssertFields(schemas, "EmbeddingList", list);
        AssertFields(schemas, "EmbeddingItem", list.GetProperty("data")[0]);
        AssertFields(schemas, "EmbeddingUsage", list.GetProperty("usage"));
        AssertFields(schemas, "JobResource", await job.Content.ReadFromJsonAsync<JsonElement>());
        AssertFields(schemas, "ProblemBody", await problem.Content.ReadFromJsonAsync<JsonElement>(), "jobId");
        AssertFields(schemas, "OpenAIErrorObject", (await error.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error"));
    }

    private static void AssertFields(JsonElement schemas, string schema, JsonElement answer, params string[] optional) => Assert.Equal(
        schemas.GetProperty(schema).GetProperty("properties").EnumerateObject().Select(one => one.Name).Except(optional).Order(),
        answer.EnumerateObject().Select(one => one.Name).Order());

    private Task<JsonElement> DocumentAsync() => _gateway.Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
}
