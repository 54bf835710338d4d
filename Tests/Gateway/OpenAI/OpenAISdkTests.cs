using System.ClientModel;
using System.ClientModel.Primitives;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using OpenAI;
using OpenAI.Embeddings;
using OpenAI.Models;
using Xunit;

namespace AiPlatform.Tests.Gateway.OpenAI;

/// <summary>The official SDK, unchanged, against the Gateway.</summary>
public sealed class OpenAISdkTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task GenerateEmbeddings_SeveralTexts_GivesTheirVectors()
    {
        var model = RedisServer.Unique("sdk");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var sut = CreateSut().GetEmbeddingClient(model);

        OpenAIEmbeddingCollection embeddings = await sut.GenerateEmbeddingsAsync(["a", "b", "c"]);

        Assert.Equal(3, embeddings.Count);
        Assert.Equal(model, embeddings.Model);
        Assert.Equal(9, embeddings.Usage.InputTokenCount);
        for (var row = 0; row < 3; row++)
        {
            Assert.Equal(
                Enumerable.Range(0, FakeWorker.Dimensions).Select(column => FakeWorker.ValueOf(row, column)),
                embeddings[row].ToFloats().ToArray());
        }
    }

    [Fact]
    public async Task GenerateEmbeddings_UnknownModel_Throws404WithTheMessage()
    {
        var sut = CreateSut().GetEmbeddingClient("nobody");

        var error = await Assert.ThrowsAsync<ClientResultException>(() => sut.GenerateEmbeddingAsync("a"));

        Assert.Equal(404, error.Status);
        Assert.Contains("model_not_found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateEmbeddings_TooManyDimensions_Throws400()
    {
        var model = RedisServer.Unique("sdk400");
        await _gateway.ServeAsync(model, dimensions: 8);
        var sut = CreateSut().GetEmbeddingClient(model);

        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => sut.GenerateEmbeddingAsync("a", new EmbeddingGenerationOptions { Dimensions = 9 }));

        Assert.Equal(400, error.Status);
    }

    [Fact]
    public async Task GetModels_Served_ListsThem()
    {
        var model = RedisServer.Unique("sdklist");
        await _gateway.ServeAsync(model);
        var sut = CreateSut().GetOpenAIModelClient();

        OpenAIModel one = await sut.GetModelAsync(model);
        OpenAIModelCollection all = await sut.GetModelsAsync();

        Assert.Equal((model, "tests"), (one.Id, one.OwnedBy));
        Assert.Contains(all, listed => listed.Id == model);
    }

    private OpenAIClient CreateSut() => new(
        new ApiKeyCredential("none"),
        new OpenAIClientOptions { Endpoint = new Uri(_gateway.Address, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
