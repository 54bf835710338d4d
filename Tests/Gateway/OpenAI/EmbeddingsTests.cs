using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.OpenAI;

public sealed class EmbeddingsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const string Path = "/v1/embeddings";

    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task PostEmbeddings_OneText_AnswersInOpenAIsForm()
    {
        var model = RedisServer.Unique("form");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        using var response = await _gateway.PostAsync(Path, new { model, input = "hello" });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["object", "data", "model", "usage"], answer.EnumerateObject().Select(one => one.Name));
        Assert.Equal("list", answer.GetProperty("object").GetString());
        Assert.Equal(model, answer.GetProperty("model").GetString());
        Assert.Equal("""{"prompt_tokens":3,"total_tokens":3}""", answer.GetProperty("usage").GetRawText());
        var item = Assert.Single(answer.GetProperty("data").EnumerateArray());
        Assert.Equal(["object", "index", "embedding"], item.EnumerateObject().Select(one => one.Name));
        Assert.Equal("embedding", item.GetProperty("object").GetString());
        Assert.Equal(0, item.GetProperty("index").GetInt32());
        Assert.Equal(
            Enumerable.Range(0, FakeWorker.Dimensions).Select(column => FakeWorker.ValueOf(0, column)),
            item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()));
    }

    [Fact]
    public async Task PostEmbeddings_Answered_NamesJobModelAttemptsAndRequest()
    {
        var model = RedisServer.Unique("headers");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        using var response = await _gateway.PostAsync(Path, new { model, input = "hello" });

        Assert.Equal([model], response.Headers.GetValues("X-Model"));
        Assert.Equal(["1"], response.Headers.GetValues("X-Attempts"));
        Assert.True(JobId.TryParse(response.Headers.GetValues("X-Job-Id").Single(), out var id));
        Assert.Equal(QueueName.ForModel(model), id.Queue);
        Assert.NotEmpty(response.Headers.GetValues("x-request-id").Single());
    }
}
