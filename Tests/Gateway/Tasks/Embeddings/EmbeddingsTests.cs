using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Gateway.Tasks.Embeddings;

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

    [Fact]
    public async Task PostEmbeddings_Base64_HasTheBytesOfTheFloats()
    {
        var model = RedisServer.Unique("base64");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        using var floats = await _gateway.PostAsync(Path, new { model, input = new[] { "a", "b" } });
        using var base64 = await _gateway.PostAsync(Path, new { model, input = new[] { "a", "b" }, encoding_format = "base64" });

        var expected = await VectorsAsync(floats, item => [.. item.EnumerateArray().Select(value => value.GetSingle())]);
        var actual = await VectorsAsync(base64, item => [.. MemoryMarshal.Cast<byte, float>(item.GetBytesFromBase64())]);
        Assert.Equal(2, expected.Count);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData("float")]
    [InlineData("base64")]
    public async Task PostEmbeddings_MostInputs_AnswersAllInOrder(string format)
    {
        var model = RedisServer.Unique("big");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var input = Enumerable.Range(0, 2048).Select(i => $"text {i}").ToArray();

        using var response = await _gateway.PostAsync(Path, new { model, input, encoding_format = format, dimensions = 3 });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        var data = answer.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(0, 2048), data.Select(item => item.GetProperty("index").GetInt32()));
        // 2,048 vectors of 16 floats are 128 KiB, which is too much for the message about the job's end.
        var last = data[^1].GetProperty("embedding");
        var vector = format == "float"
            ? [.. last.EnumerateArray().Select(value => value.GetSingle())]
            : MemoryMarshal.Cast<byte, float>(last.GetBytesFromBase64()).ToArray();
        Assert.Equal(Enumerable.Range(0, 16).Select(column => FakeWorker.ValueOf(2047, column)), vector);
    }

    [Fact]
    public async Task PostEmbeddings_ManyAtOnce_EachHasItsOwnAnswer()
    {
        var model = RedisServer.Unique("many");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        var counts = await Task.WhenAll(Enumerable.Range(1, 64).Select(async rows =>
        {
            using var response = await _gateway.PostAsync(Path, new { model, input = Enumerable.Repeat("a", rows).ToArray() });
            return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data").GetArrayLength();
        }));

        Assert.Equal(Enumerable.Range(1, 64), counts);
    }

    [Theory]
    [InlineData("respond-async")]
    [InlineData("Respond-Async")]
    [InlineData("wait=10, respond-async; x=\"a,b\"")]
    public async Task PostEmbeddings_PreferRespondAsync_AnswersAJobToAskFor(string prefer)
    {
        var model = RedisServer.Unique("async");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        using var response = await SendAsync(new { model, input = "a" }, ("Prefer", prefer));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("respond-async", response.Headers.GetValues("Preference-Applied").Single());
        Assert.Equal(["Prefer"], response.Headers.Vary);
        var job = await response.Content.ReadFromJsonAsync<JsonElement>();
        var id = job.GetProperty("id").GetString()!;
        Assert.Equal("queued", job.GetProperty("status").GetString());
        Assert.Equal($"/v1/jobs/{id}", response.Headers.Location!.OriginalString);
        Assert.Equal(id, response.Headers.GetValues("X-Job-Id").Single());
        await worker.SucceedAsync(await worker.LeaseAsync());
        var done = await _gateway.GetJobAsync(id);
        Assert.Equal("succeeded", done.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("99999999", 600_000)]
    [InlineData("2.5", 2_500)]
    [InlineData("0.0000001", 1)]
    public async Task PostEmbeddings_RequestTimeout_IsTheJobsDeadlineUpToTheLimit(string seconds, int milliseconds)
    {
        var model = RedisServer.Unique("capped");
        await _gateway.ServeAsync(model);

        using var response = await SendAsync(new { model, input = "a" }, ("Prefer", "respond-async"), ("X-Request-Timeout", seconds));

        var job = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(milliseconds, (job.GetProperty("deadline").GetDateTimeOffset() - job.GetProperty("created_at").GetDateTimeOffset()).TotalMilliseconds);
    }

    [Theory]
    [InlineData("wait=10")]
    [InlineData("x=\"respond-async\"")]
    [InlineData("respond-async-not")]
    [InlineData("respond-async=no")]
    public async Task PostEmbeddings_PreferOfSomethingElse_Waits(string prefer)
    {
        var model = RedisServer.Unique("sync");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        using var response = await SendAsync(new { model, input = "a" }, ("Prefer", prefer));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("Preference-Applied"));
    }

    [Fact]
    public async Task PostEmbeddings_NoResultInTime_Answers504AndTheJobExpires()
    {
        var model = RedisServer.Unique("late");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        using var response = await SendAsync(new { model, input = "a" }, ("X-Request-Timeout", "0.2"));

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal("deadline_exceeded", error.GetProperty("code").GetString());
        var id = response.Headers.GetValues("X-Job-Id").Single();
        await Poll.UntilAsync(
            async () => (await _gateway.GetJobAsync(id)).GetProperty("status").GetString() == "expired", "the job has expired");
    }

    [Theory]
    [InlineData(InferenceErrorKind.ContextLengthExceeded, 400, "context_length_exceeded")]
    [InlineData(InferenceErrorKind.InvalidRequest, 400, "invalid_request")]
    [InlineData(InferenceErrorKind.ModelFailed, 500, "model_failed")]
    [InlineData(InferenceErrorKind.LeaseLost, 500, "lease_lost")]
    [InlineData(InferenceErrorKind.Internal, 500, "internal_error")]
    public async Task PostEmbeddings_JobFails_AnswersItsError(InferenceErrorKind kind, int status, string code)
    {
        var model = RedisServer.Unique("failing");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var answering = _gateway.PostAsync(Path, new { model, input = "a" });
        await worker.FailAsync(await worker.LeaseAsync(), kind, "input[0]");
        using var response = await answering;

        Assert.Equal(status, (int)response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal((code, "input[0]"), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.True(response.Headers.Contains("X-Job-Id"));
    }

    [Fact]
    public async Task PostEmbeddings_JobCanceledBySomebodyElse_Answers400ThatNoSdkRepeats()
    {
        var model = RedisServer.Unique("canceled");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var answering = _gateway.PostAsync(Path, new { model, input = "a" });
        var leased = await worker.LeaseAsync();
        using var deleted = await _gateway.Client.DeleteAsync($"/v1/jobs/{leased.Id}");
        using var response = await answering;

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal("canceled", error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PostEmbeddings_ClientGoesAway_CancelsItsJob(bool running)
    {
        var model = RedisServer.Unique("abort");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        using var gone = new CancellationTokenSource();

        var answering = _gateway.Client.PostAsJsonAsync(Path, new { model, input = "a" }, gone.Token);
        var id = running
            ? (await worker.LeaseAsync()).Id
            : await QueuedAsync(QueueName.ForModel(model));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answering);

        await Poll.UntilAsync(
            async () => (await _gateway.Store.ReadAsync(id, null, false, CancellationToken.None))!.Status == JobStatus.Canceled,
            "the job is canceled");
    }

    [Fact]
    public async Task PostEmbeddings_ClientClosesItsSendingSide_CountsAsGone()
    {
        var model = RedisServer.Unique("half");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        using var client = new TcpClient();
        await client.ConnectAsync(_gateway.Address.Host, _gateway.Address.Port);
        var body = $$"""{"model":"{{model}}","input":"a"}""";
        string[] lines =
        [
            $"POST {Path} HTTP/1.1", $"Host: {_gateway.Address.Authority}", "Content-Type: application/json",
            $"Content-Length: {body.Length}", "", body,
        ];

        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(string.Join("\r\n", lines)));
        var id = (await worker.LeaseAsync()).Id;
        client.Client.Shutdown(SocketShutdown.Send);

        await Poll.UntilAsync(
            async () => (await _gateway.Store.ReadAsync(id, null, false, CancellationToken.None))!.Status == JobStatus.Canceled,
            "the job is canceled");
    }

    [Fact]
    public async Task PostEmbeddings_NumbersThatAreNotFinite_Answers500()
    {
        var model = RedisServer.Unique("nan");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var answering = _gateway.PostAsync(Path, new { model, input = "a" });
        await worker.SucceedAsync(await worker.LeaseAsync(), value: float.NaN);
        using var response = await answering;

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal("model_failed", error.GetProperty("code").GetString());
    }

    private async Task<JobId> QueuedAsync(QueueName queue)
    {
        RedisValue[] keys = [];
        await Poll.UntilAsync(
            async () => (keys = await fixture.Redis.Connection.GetDatabase()
                .SortedSetRangeByRankAsync($"ai:{{{queue}}}:jobs:{Tenants.Anonymous}")).Length > 0,
            "the job is queued");
        return JobId.FromKey(keys[0]!, queue);
    }

    private async Task<HttpResponseMessage> SendAsync(object body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = JsonContent.Create(body) };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await _gateway.Client.SendAsync(request);
    }

    private static async Task<List<float[]>> VectorsAsync(HttpResponseMessage response, Func<JsonElement, float[]> read)
    {
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return [.. answer.GetProperty("data").EnumerateArray().Select(item => read(item.GetProperty("embedding")))];
    }
}
