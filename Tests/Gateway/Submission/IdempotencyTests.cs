using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Submission;

/// <summary>Requests that come again with the same Idempotency-Key.</summary>
public sealed class IdempotencyTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>, IDisposable
{
    private const string Embeddings = "/v1/embeddings";
    private const string Jobs = "/v1/jobs";

    private readonly GatewayHost _gateway = fixture.Gateway;
    private readonly HttpClient _user = fixture.User.ClientOf(fixture.Gateway);

    public static TheoryData<string> BadKeys { get; } =
        ["", "\"\"", "\"open", "a b", "a\u0001b", "é", new string('k', 256), new string('k', 10_000)];

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData(Embeddings)]
    [InlineData(Jobs)]
    public async Task Post_EqualRequestsAtOnce_AreOneJob(string path)
    {
        await using var other = await GatewayHost.StartAsync(fixture.Redis, fixture.User.Settings);
        using var elsewhere = fixture.User.ClientOf(other);
        var model = RedisServer.Unique("once");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var key = RedisServer.Unique("key");

        var sending = Enumerable.Range(0, 16).Select(i => SendAsync(i % 2 == 0 ? _user : elsewhere, path, model, key)).ToList();
        await worker.SucceedAsync(await worker.LeaseAsync());
        var answers = await Task.WhenAll(sending);

        Assert.Single(answers.Select(one => one.JobId).Distinct());
        Assert.Single(answers.Select(one => one.Status).Distinct());
        if (path == Embeddings) Assert.Single(answers.Select(one => one.Text).Distinct());
        Assert.Empty(
            (await _gateway.Store.LeaseAsync(QueueName.ForModel(model), "fake", 8, int.MaxValue, isIdle: false, CancellationToken.None))
                .Jobs);
    }

    /// <summary>A refused job does not exist, so its key is free, even for another request.</summary>
    [Theory]
    [InlineData("Jobs:MaxQueuedPerTenant=1", "tenant_queue_full")]
    [InlineData("Jobs:MaxQueueDepth=1", "queue_full")]
    [InlineData("Jobs:MaxBytesPerTenant=1048576", "tenant_bytes_full")]
    public async Task PostJobs_Refused_LeavesTheKeyFree(string setting, string code)
    {
        await using var small = await GatewayHost.StartAsync(fixture.Redis, [.. fixture.User.Settings, setting]);
        using var client = fixture.User.ClientOf(small);
        var model = RedisServer.Unique("refused");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var key = RedisServer.Unique("key");
        var body = new { model, input = new string('x', 700_000) };
        using var first = await client.PostAsJsonAsync(Jobs, new { endpoint = Embeddings, body });

        using var refused = await PostJobAsync(client, key, body);
        await worker.SucceedAsync(await worker.LeaseAsync());
        using var other = await PostJobAsync(client, key, new { model, input = "another" });

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter?.Delta);
        Assert.Equal(code, (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
    }

    private static Task<HttpResponseMessage> PostJobAsync(HttpClient client, string key, object body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Jobs) { Content = JsonContent.Create(new { endpoint = Embeddings, body }) };
        request.Headers.Add("Idempotency-Key", key);
        return client.SendAsync(request);
    }

    [Fact]
    public async Task PostEmbeddings_AfterSuccess_AnswersTheSameAgain()
    {
        var model = RedisServer.Unique("replay");
        var key = RedisServer.Unique("key");
        Answer first;
        await using (await FakeWorker.StartAsync(_gateway, model)) first = await SendAsync(_user, Embeddings, model, key);

        // No worker runs any more, so the answer must come from the stored result.
        var again = await SendAsync(_user, Embeddings, model, $"\"{key}\"");

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal(first, again);
    }

    [Fact]
    public async Task PostEmbeddings_AfterAnError_AnswersTheSameAgain()
    {
        var model = RedisServer.Unique("replayed");
        var key = RedisServer.Unique("key");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var sending = SendAsync(_user, Embeddings, model, key);
        await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ContextLengthExceeded, "input");
        var first = await sending;
        var again = await SendAsync(_user, Embeddings, model, key);

        Assert.Equal(HttpStatusCode.BadRequest, first.Status);
        Assert.Contains("context_length_exceeded", first.Text, StringComparison.Ordinal);
        Assert.Equal(first, again);
    }

    [Fact]
    public async Task PostJobs_AfterItsEnd_AnswersTheJobAsItIs()
    {
        var model = RedisServer.Unique("jobagain");
        var key = RedisServer.Unique("key");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var first = await SendAsync(_user, Jobs, model, key);
        await worker.SucceedAsync(await worker.LeaseAsync());

        var again = await SendAsync(_user, Jobs, model, key);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted, first.JobId), (first.Status, again.Status, again.JobId));
        Assert.Equal("succeeded", JsonSerializer.Deserialize<JsonElement>(again.Text).GetProperty("status").GetString());
    }

    [Fact]
    public async Task PostEmbeddings_RespondAsyncWithAKey_IsTheSameJob()
    {
        var model = RedisServer.Unique("asynckey");
        var key = RedisServer.Unique("key");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var first = await SendAsync(_user, Embeddings, model, key, prefer: "respond-async");
        var again = await SendAsync(_user, Embeddings, model, key, prefer: "respond-async");
        await worker.SucceedAsync(await worker.LeaseAsync());
        var waited = await SendAsync(_user, Embeddings, model, key);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.OK), (first.Status, again.Status, waited.Status));
        Assert.Equal((first.JobId, first.JobId), (again.JobId, waited.JobId));
    }

    [Fact]
    public async Task PostEmbeddings_ClientGoesAway_ItsJobRunsOn()
    {
        var model = RedisServer.Unique("gone");
        var key = RedisServer.Unique("key");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        using var gone = new CancellationTokenSource();

        var sending = SendAsync(_user, Embeddings, model, key, cancellationToken: gone.Token);
        var leased = await worker.LeaseAsync();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.True(await worker.SucceedAsync(leased));

        var again = await SendAsync(_user, Embeddings, model, key);
        Assert.Equal((HttpStatusCode.OK, leased.Id.ToString()), (again.Status, again.JobId));
    }

    [Fact]
    public async Task Post_AnotherBodyOrRoute_Answers422InTheFormOfThePath()
    {
        var model = RedisServer.Unique("conflict");
        await _gateway.ServeAsync(model);
        string jobKey = RedisServer.Unique("key"), embeddingsKey = RedisServer.Unique("key");
        await SendAsync(_user, Jobs, model, jobKey);
        await SendAsync(_user, Embeddings, model, embeddingsKey, prefer: "respond-async");

        var otherBody = await SendAsync(_user, Jobs, model, jobKey, input: "b");
        var otherRoute = await SendAsync(_user, Embeddings, model, jobKey);
        var otherInput = await SendAsync(_user, Embeddings, model, embeddingsKey, input: "b");

        Assert.All((Answer[])[otherBody, otherRoute, otherInput],
            answer => Assert.Equal((HttpStatusCode.UnprocessableEntity, null), (answer.Status, answer.JobId)));
        Assert.Equal("idempotency_conflict", JsonSerializer.Deserialize<JsonElement>(otherBody.Text).GetProperty("code").GetString());
        foreach (var answer in (Answer[])[otherRoute, otherInput])
            Assert.Equal("idempotency_conflict", JsonSerializer.Deserialize<JsonElement>(answer.Text).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Post_AnotherTenantsKey_IsAnotherJob()
    {
        var model = RedisServer.Unique("scoped");
        await _gateway.ServeAsync(model);
        var key = RedisServer.Unique("key");
        using var other = fixture.OtherUser.ClientOf(_gateway);

        var mine = await SendAsync(_user, Jobs, model, key);
        var theirs = await SendAsync(other, Jobs, model, key, input: "b");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (mine.Status, theirs.Status));
        Assert.NotEqual(mine.JobId, theirs.JobId);
    }

    [Fact]
    public async Task Post_NoKey_IsAnotherJobEachTime()
    {
        var model = RedisServer.Unique("nokey");
        await _gateway.ServeAsync(model);

        Assert.NotEqual(await _user.SubmitForIdAsync(model), await _user.SubmitForIdAsync(model));
    }

    /// <summary>A key is claimed by what was valid: the request may be put right and sent again.</summary>
    [Fact]
    public async Task Post_InvalidBodyFirst_DoesNotUseUpTheKey()
    {
        var model = RedisServer.Unique("invalid");
        await _gateway.ServeAsync(model);
        var key = RedisServer.Unique("key");

        var invalid = await SendAsync(_user, Jobs, model, key, input: "");
        var valid = await SendAsync(_user, Jobs, model, key);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Accepted), (invalid.Status, valid.Status));
    }

    [Theory]
    [MemberData(nameof(BadKeys))]
    public async Task Post_BadKey_Answers400InTheFormOfThePath(string key)
    {
        string[] headers = [$"Authorization: Bearer {fixture.User.Value}", "Content-Type: application/json", $"Idempotency-Key: {key}"];

        var (native, problem) = await _gateway.SendRawAsync($"POST {Jobs}", headers, "{}");
        var (openAI, error) = await _gateway.SendRawAsync($"POST {Embeddings}", headers, "{}");

        Assert.Equal((400, 400), (native, openAI));
        Assert.Contains("application/problem+json", problem, StringComparison.Ordinal);
        Assert.Contains("\"param\":\"Idempotency-Key\"", problem, StringComparison.Ordinal);
        Assert.Contains("\"param\":\"Idempotency-Key\"", error, StringComparison.Ordinal);
        Assert.Contains("invalid_request_error", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_SeveralKeys_Answers400()
    {
        string[] headers = [$"Authorization: Bearer {fixture.User.Value}", "Idempotency-Key: a", "Idempotency-Key: a"];

        var (status, problem) = await _gateway.SendRawAsync($"POST {Jobs}", headers, "{}");

        Assert.Equal(400, status);
        Assert.Contains("2 times", problem, StringComparison.Ordinal);
    }

    private static async Task<Answer> SendAsync(
        HttpClient client, string path, string model, string key, string input = "a", string? prefer = null,
        CancellationToken cancellationToken = default)
    {
        object body = path == Jobs ? new { endpoint = Embeddings, body = new { model, input } } : new { model, input };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (prefer is not null) request.Headers.Add("Prefer", prefer);
        using var response = await client.SendAsync(request, cancellationToken);
        return new Answer(
            response.StatusCode,
            response.Headers.TryGetValues("X-Job-Id", out var ids) ? ids.Single() : null,
            response.Headers.TryGetValues("X-Attempts", out var attempts) ? attempts.Single() : null,
            await response.Content.ReadAsStringAsync(cancellationToken));
    }

    private sealed record Answer(HttpStatusCode Status, string? JobId, string? Attempts, string Text);
}
