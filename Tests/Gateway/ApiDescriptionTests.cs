using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
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

        Assert.True(routes.Count >= 13);
        foreach (var route in routes)
        {
            var path = route.RoutePattern.RawText!.Replace("**", "", StringComparison.Ordinal).TrimEnd('/');
            var method = Assert.Single(route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods);
            var operation = paths.GetProperty(path).GetProperty(method.ToLowerInvariant());
            // A range stands for the statuses of a provider's refusals; the tests of those routes check it.
            var responses = operation.GetProperty("responses").EnumerateObject().Where(one => one.Name != "4XX")
                .ToDictionary(one => int.Parse(one.Name, provider: null), one => one.Value);

            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.Contains(responses.Keys, status => status is 200 or 202);
            if (path.Contains('{', StringComparison.Ordinal)) Assert.Contains(404, responses.Keys);
            // These two answer from what the process knows by itself.
            int[] everywhere = path is "/v1/providers" or "/v1/caller" ? [401] : [401, 503];
            foreach (var status in everywhere) Assert.Contains(status, responses.Keys);
            var isNative = path.StartsWith("/v1/jobs", StringComparison.Ordinal) || path.StartsWith("/v1/queues", StringComparison.Ordinal)
                || path is "/v1/usage" or "/v1/limits" or "/v1/workers" or "/v1/providers" or "/v1/caller";
            var (type, schema) = isNative ? ("application/problem+json", "ProblemBody") : ("application/json", "OpenAIErrorBody");
            foreach (var (status, response) in responses.Where(one => one.Key != StatusCodes.Status204NoContent))
            {
                var content = response.GetProperty("content").EnumerateObject().First();
                var described = content.Value.GetProperty("schema");
                if (described.TryGetProperty("anyOf", out var forms)) described = forms[0];
                if (status >= 400) Assert.Equal((type, $"#/components/schemas/{schema}"), (content.Name, described.GetProperty("$ref").GetString()));
                else if (content.Name == "text/event-stream") Assert.Equal("string", described.GetProperty("type").GetString());
                else Assert.Equal(("application/json", true), (content.Name, described.TryGetProperty("$ref", out _)));
            }

            if (route.Metadata.GetMetadata<IAcceptsMetadata>() is null) continue;
            Assert.True(
                operation.GetProperty("requestBody").GetProperty("content")
                    .GetProperty("application/json").TryGetProperty("schema", out _));
            foreach (var status in (int[])[400, 413, 415, 422, 429]) Assert.Contains(status, responses.Keys);
            Assert.Contains("Idempotency-Key", NamesOf(operation));
        }
    }

    [Fact]
    public async Task Document_JobRoutes_SayWhatTheyTakeAndWhatElseTheyAnswer()
    {
        var paths = (await DocumentAsync()).GetProperty("paths");
        JsonElement Operation(string path, string method) => paths.GetProperty(path).GetProperty(method);
        IEnumerable<string> StatusesOf(string path, string method) =>
            Operation(path, method).GetProperty("responses").EnumerateObject().Select(one => one.Name);

        Assert.Equal(["after", "limit", "model", "status"], NamesOf(Operation("/v1/jobs", "get")).Order());
        Assert.Contains("wait", NamesOf(Operation("/v1/jobs/{id}", "get")));
        Assert.Contains("Last-Event-ID", NamesOf(Operation("/v1/jobs/{id}/events", "get")));
        Assert.Contains("204", StatusesOf("/v1/jobs/{id}/events", "get"));
        Assert.Contains("409", StatusesOf("/v1/jobs/{id}/retry", "post"));
        Assert.Contains("429", StatusesOf("/v1/jobs/{id}/retry", "post"));
        foreach (var path in (string[])["/v1/queues/{queue}/pause", "/v1/queues/{queue}/resume", "/v1/queues/{queue}/requeue-dead"])
            Assert.Contains("403", StatusesOf(path, "post"));
        Assert.Contains("403", StatusesOf("/v1/queues", "get"));
        var limit = Operation("/v1/jobs", "get").GetProperty("parameters").EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == "limit").GetProperty("schema");
        Assert.Equal(
            ("integer", 1, 100),
            (limit.GetProperty("type").GetString(), limit.GetProperty("minimum").GetInt32(), limit.GetProperty("maximum").GetInt32()));
    }

    /// <summary>Answers that are written by hand have the fields that the description promises.</summary>
    [Fact]
    public async Task Document_Schemas_MatchWhatIsAnswered()
    {
        var model = RedisServer.Unique("described");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

        using var embeddings = await _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });
        using var job = await _gateway.PostAsync("/v1/jobs", new { endpoint = EmbeddingTask.Endpoint, body = new { model, input = "a" } });
        using var problem = await _gateway.Client.GetAsync("/v1/jobs/x");
        using var error = await _gateway.Client.GetAsync("/v1/models/x");

        var list = await embeddings.Content.ReadFromJsonAsync<JsonElement>();
        AssertFields(schemas, "EmbeddingList", list);
        AssertFields(schemas, "EmbeddingItem", list.GetProperty("data")[0]);
        AssertFields(schemas, "EmbeddingUsage", list.GetProperty("usage"));
        AssertFields(schemas, "JobResource", await job.Content.ReadFromJsonAsync<JsonElement>());
        using var queues = await _gateway.Client.GetAsync("/v1/queues");
        using var requeued = await _gateway.Client.PostAsync($"/v1/queues/{model}/requeue-dead", content: null);
        var queueList = await queues.Content.ReadFromJsonAsync<JsonElement>();
        var queue = queueList.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("queue").GetString() == model);
        AssertFields(schemas, "JobList", await _gateway.Client.GetFromJsonAsync<JsonElement>("/v1/jobs"));
        AssertFields(schemas, "QueueList", queueList);
        AssertFields(schemas, "QueueResource", queue);
        AssertFields(schemas, "LanesResource", queue.GetProperty("lanes"));
        AssertFields(schemas, "LaneResource", queue.GetProperty("lanes").GetProperty("batch"));
        AssertFields(schemas, "QueueRequeued", await requeued.Content.ReadFromJsonAsync<JsonElement>());
        AssertFields(schemas, "ProblemBody", await problem.Content.ReadFromJsonAsync<JsonElement>(), "jobId", "raw_answer", "violated-policies");
        AssertFields(schemas, "OpenAIErrorObject", (await error.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error"), "raw_answer");
    }

    private static IEnumerable<string> NamesOf(JsonElement operation) =>
        operation.GetProperty("parameters").EnumerateArray().Select(one => one.GetProperty("name").GetString()!);

    private static void AssertFields(JsonElement schemas, string schema, JsonElement answer, params string[] optional) => Assert.Equal(
        schemas.GetProperty(schema).GetProperty("properties").EnumerateObject().Select(one => one.Name).Except(optional).Order(),
        answer.EnumerateObject().Select(one => one.Name).Order());

    [Fact]
    public async Task GetDocument_OfAnotherName_IsAnErrorAsWhateverIsNotThere()
    {
        using var response = await _gateway.Client.GetAsync("/openapi/v2.json");

        Assert.Equal(
            (HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal("not_found", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    private Task<JsonElement> DocumentAsync() => _gateway.Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
}
