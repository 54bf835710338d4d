using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

public sealed class RetryTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Theory]
    [InlineData("failed")]
    [InlineData("canceled")]
    [InlineData("expired")]
    public async Task PostRetry_EndedWithoutResult_QueuesItAgain(string status)
    {
        var model = RedisServer.Unique("retry");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await EndedAsync(worker, model, status);
        var trace = (await _gateway.GetJobAsync(id)).GetProperty("trace_id").GetString();

        using var response = await _gateway.Client.PostAsync($"/v1/jobs/{id}/retry", content: null);

        Assert.Equal((HttpStatusCode.OK, id), (response.StatusCode, response.Headers.GetValues("X-Job-Id").Single()));
        var job = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(("queued", id), (job.GetProperty("status").GetString(), job.GetProperty("id").GetString()));
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
        Assert.Equal(JsonValueKind.Null, job.GetProperty("finished_at").ValueKind);
        Assert.Equal((32, trace), (trace!.Length, job.GetProperty("trace_id").GetString()));
        if (status == "expired") return;
        await worker.SucceedAsync(await worker.LeaseAsync());
        var done = await _gateway.GetJobAsync(id, "?wait=30");
        Assert.Equal(trace, done.GetProperty("trace_id").GetString());
        Assert.Equal(
            ("succeeded", status == "failed" ? 2 : 1), (done.GetProperty("status").GetString(), done.GetProperty("attempts").GetInt32()));
    }

    [Theory]
    [InlineData("queued")]
    [InlineData("running")]
    [InlineData("succeeded")]
    public async Task PostRetry_AnythingElse_Answers409AndLeavesIt(string status)
    {
        var model = RedisServer.Unique("retry409");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        if (status != "queued")
        {
            var leased = await worker.LeaseAsync();
            if (status == "succeeded") await worker.SucceedAsync(leased);
        }

        await _gateway.Client.RefusesAsync(HttpMethod.Post, $"/v1/jobs/{id}/retry", HttpStatusCode.Conflict, "not_requeueable");

        Assert.Equal(status, (await _gateway.GetJobAsync(id)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("job_00000000000000000000000000.nobody")]
    public async Task PostRetry_NoSuchJob_Answers404(string id) =>
        await _gateway.Client.RefusesAsync(HttpMethod.Post, $"/v1/jobs/{id}/retry", HttpStatusCode.NotFound, "job_not_found");

    [Theory]
    [InlineData("Jobs:MaxQueueDepth=1", "queue_full")]
    [InlineData("Jobs:MaxQueuedPerTenant=1", "tenant_queue_full")]
    public async Task PostRetry_NoRoom_Answers429WithRetryAfter(string setting, string code)
    {
        await using var small = await GatewayHost.StartAsync(fixture.Redis, setting);
        var model = RedisServer.Unique("retry429");
        await small.ServeAsync(model);
        var id = await small.Client.SubmitForIdAsync(model);
        await small.Client.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}");
        await small.Client.SubmitForIdAsync(model);

        using var response = await small.Client.PostAsync($"/v1/jobs/{id}/retry", content: null);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.True(response.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        Assert.Equal(code, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    private async Task<string> EndedAsync(FakeWorker worker, string model, string status)
    {
        if (status == "expired")
        {
            using var response = await _gateway.PostAsync(
                "/v1/jobs", new { endpoint = EmbeddingTask.Endpoint, body = new { model, input = "a" }, deadline_seconds = 0.5 });
            var expiring = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
            Assert.Equal(status, (await _gateway.GetJobAsync(expiring, "?wait=60")).GetProperty("status").GetString());
            return expiring;
        }

        var id = await _gateway.Client.SubmitForIdAsync(model);
        if (status == "failed") await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ModelFailed);
        else await _gateway.Client.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}");
        return id;
    }
}
