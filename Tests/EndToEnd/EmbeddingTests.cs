using System.ClientModel;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OpenAI;
using OpenAI.Embeddings;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Real vectors over real HTTP, Redis and processes.</summary>
public sealed class EmbeddingTests(EmbeddingTests.Shared shared) : IClassFixture<EmbeddingTests.Shared>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Platform Platform => shared.Platform;

    [Fact]
    public async Task Embeddings_EveryReferenceText_GivesTheReferenceVector()
    {
        var reference = ReferenceEmbeddings.All;

        using var reply = await Platform.Http.PostAsJsonAsync(
            "/v1/embeddings", new { model = Platform.Model, input = reference.Select(one => one.Text), truncate = true }, Ct);
        var list = await JsonOfAsync(reply);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var vectors = VectorCheck.VectorsOf(list);
        Assert.Equal(reference.Count, vectors.Length);
        for (var i = 0; i < vectors.Length; i++)
            Assert.InRange(ReferenceEmbeddings.LargestDifference(vectors[i], reference[i].Vector), 0, ReferenceEmbeddings.Tolerance);
        Assert.Equal(reference.Sum(one => Math.Min(one.Tokens, 256)), list.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Embeddings_AsAJob_GivesWhatTheSynchronousCallGives()
    {
        var text = ReferenceEmbeddings.All[0].Text;
        using var synchronous = await Platform.Http.PostAsJsonAsync("/v1/embeddings", new { model = Platform.Model, input = text }, Ct);

        var job = await Platform.EndOfAsync(await Platform.SubmitAsync(text));

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal((await JsonOfAsync(synchronous)).GetRawText(), job.GetProperty("output").GetRawText());
    }

    [Fact]
    public async Task Embeddings_RespondAsync_AnswersTheJobAtOnce()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings")
        {
            Content = JsonContent.Create(new { model = Platform.Model, input = "hello" }),
            Headers = { { "Prefer", "respond-async" } },
        };

        using var reply = await Platform.Http.SendAsync(request, Ct);
        var id = (await JsonOfAsync(reply)).GetProperty("id").GetString()!;

        Assert.Equal(HttpStatusCode.Accepted, reply.StatusCode);
        Assert.Equal($"/v1/jobs/{id}", reply.Headers.Location!.ToString());
        Assert.Equal("succeeded", (await Platform.EndOfAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Embeddings_OverTheTokenLimit_IsRefusedWithTheNumbers()
    {
        var text = string.Concat(Enumerable.Repeat("word ", 255));

        using var reply = await Platform.Http.PostAsJsonAsync("/v1/embeddings", new { model = Platform.Model, input = new[] { "short", text } }, Ct);
        var error = (await JsonOfAsync(reply)).GetProperty("error");
        var job = await Platform.EndOfAsync(await Platform.SubmitAsync(text));

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Equal("input[1]", error.GetProperty("param").GetString());
        Assert.Contains("257", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("256", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("failed", job.GetProperty("status").GetString());
        Assert.Equal("context_length_exceeded", job.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(1, job.GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task OpenAiSdk_Embeddings_GivesTheReferenceVectors()
    {
        var texts = ReferenceEmbeddings.All.Where(one => one.Tokens <= 256).Take(20).ToList();

        var reply = await CreateClient().GenerateEmbeddingsAsync(texts.Select(one => one.Text), cancellationToken: Ct);

        Assert.Equal(texts.Count, reply.Value.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            Assert.InRange(
                ReferenceEmbeddings.LargestDifference(reply.Value[i].ToFloats().Span, texts[i].Vector), 0, ReferenceEmbeddings.Tolerance);
        }
        Assert.Equal(texts.Sum(one => one.Tokens), reply.Value.Usage.InputTokenCount);
    }

    [Fact]
    public async Task OpenAiSdk_Errors_AreItsOwnExceptions()
    {
        var tooLong = string.Concat(Enumerable.Repeat("word ", 300));

        var unknown = await Assert.ThrowsAsync<ClientResultException>(
            () => CreateClient("no-such-model").GenerateEmbeddingAsync("x", cancellationToken: Ct));
        var empty = await Assert.ThrowsAsync<ClientResultException>(
            () => CreateClient().GenerateEmbeddingsAsync([""], cancellationToken: Ct));
        var longer = await Assert.ThrowsAsync<ClientResultException>(
            () => CreateClient().GenerateEmbeddingAsync(tooLong, cancellationToken: Ct));

        Assert.Equal((404, 400, 400), (unknown.Status, empty.Status, longer.Status));
        Assert.Contains("context_length_exceeded", longer.Message, StringComparison.Ordinal);
    }

    private EmbeddingClient CreateClient(string model = Platform.Model) =>
        new(model, new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri(Platform.Gateway.Address, "/v1") });

    private static async Task<JsonElement> JsonOfAsync(HttpResponseMessage reply) =>
        JsonSerializer.Deserialize<JsonElement>(await reply.Content.ReadAsStringAsync(Ct));

    /// <summary>The platform for all tests of the class.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        internal Platform Platform { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Platform = await Platform.StartAsync();

        public ValueTask DisposeAsync() => Platform.DisposeAsync();
    }
}
