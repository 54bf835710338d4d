using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Models;

public sealed class ModelsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task GetModels_WorkerNamesAModel_ListsIt()
    {
        var model = RedisServer.Unique("listed");
        await _gateway.ServeAsync(model);

        JsonElement item = default;
        await Poll.UntilAsync(
            async () =>
            {
                var list = await _gateway.Client.GetFromJsonAsync<JsonElement>("/v1/models");
                Assert.Equal("list", list.GetProperty("object").GetString());
                item = list.GetProperty("data").EnumerateArray().SingleOrDefault(one => one.GetProperty("id").GetString() == model);
                return item.ValueKind == JsonValueKind.Object;
            },
            "the model is listed");

        Assert.Equal(
            $$"""{"id":"{{model}}","object":"model","created":1700000000,"owned_by":"tests","served_by":"worker","task":"embedding","""
            + """
            "max_model_len":256,"dimensions":4,"workers":1,"devices":["cpu"],"running":0,"capacity":8}
            """,
            item.GetRawText());
    }

    [Fact]
    public async Task GetModel_SeveralWorkers_TellsWhatTheyDoTogether()
    {
        var model = RedisServer.Unique("shared");
        await _gateway.ServeAsync(model, dimensions: null, "text-generation");
        // The first worker is of an older version, whose heartbeats have no devices of single models.
        await BeatAsync("old", "cuda:0", new ModelLoad(model, 2, 8));
        await BeatAsync("new", "cuda:0", new ModelLoad(model, 3, 16) { Device = "cpu" });

        JsonElement item = default;
        await Poll.UntilAsync(
            async () =>
            {
                item = await _gateway.Client.GetFromJsonAsync<JsonElement>($"/v1/models/{model}");
                return item.GetProperty("workers").GetInt32() == 3;
            },
            "all workers are known");

        Assert.Equal(["cpu", "cuda:0"], item.GetProperty("devices").EnumerateArray().Select(device => device.GetString()));
        Assert.Equal((5, 32), (item.GetProperty("running").GetInt32(), item.GetProperty("capacity").GetInt32()));
        Assert.Equal(("text-generation", 256), (item.GetProperty("task").GetString(), item.GetProperty("max_model_len").GetInt32()));
        Assert.False(item.TryGetProperty("available", out _));
        Assert.False(item.TryGetProperty("dimensions", out _));

        Task BeatAsync(string worker, string device, ModelLoad load) => _gateway.Services.GetRequiredService<IWorkerCatalog>().BeatAsync(
            new WorkerHeartbeat
            {
                Worker = $"{worker}-{model}",
                Host = "test",
                ProcessId = 1,
                Device = device,
                StartedAt = DateTimeOffset.UnixEpoch,
                Models = [load],
            },
            [],
            CancellationToken.None);
    }

    [Theory]
    [InlineData("org/name")]
    [InlineData("org%2Fname")]
    [InlineData("org%2fname")]
    public async Task GetModel_NameWithASlash_IsFound(string path)
    {
        var model = RedisServer.Unique("slash");
        await _gateway.ServeAsync($"org/name-{model}");

        using var response = await _gateway.Client.GetAsync($"/v1/models/{path}-{model}");
        using var withSlash = await _gateway.Client.GetAsync($"/v1/models/{path}-{model}/");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (response.StatusCode, withSlash.StatusCode));
        var item = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal($"org/name-{model}", item.GetProperty("id").GetString());
    }

    /// <summary>A worker that has just started is used at once: the catalog does not wait for its next reading.</summary>
    [Fact]
    public async Task PostEmbeddings_ModelNamedAMomentAgo_IsKnown()
    {
        for (var i = 0; i < 3; i++)
        {
            var model = RedisServer.Unique("new");
            await using var worker = await FakeWorker.StartAsync(_gateway, model);

            using var response = await _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }
}
