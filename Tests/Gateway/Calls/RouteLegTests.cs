using System.Net;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Xunit;

namespace AiPlatform.Tests.Gateway.Calls;

/// <summary>Calls whose models are each other's fallback: a worker's model for a provider's, and the other way round.</summary>
public sealed class RouteLegTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly string _own = RedisServer.Unique("own");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("\"stream\":true")]
    public async Task ProviderFails_WorkersModelAnswers(string more)
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut);
        sut.Provider.Otherwise = FakeProvider.Fails(503);

        var reply = await sut.ChatAsync(more, "hosted");

        Assert.Equal((200, _own), (reply.Status, reply.Header("X-Model")));
        Assert.Contains(FakeWorker.Text, reply.Body, StringComparison.Ordinal);
        Assert.Contains($"\"model\":\"{_own}\"", reply.Body, StringComparison.Ordinal);
        Assert.Equal("hosted=status_503", reply.Header("X-Attempt-Failures"));
        Assert.Equal(("", ""), (reply.Header("X-Provider"), reply.Header("x-should-retry")));
        Assert.StartsWith("job_", reply.Header("X-Job-Id"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"stream\":true")]
    public async Task NoWorkerServes_ProviderAnswers(string more)
    {
        await using var sut = await StartAsync();
        sut.Provider.Otherwise = more.Length > 0 ? FakeProvider.StreamsWords("Hel", "lo") : FakeProvider.Says("Hello");

        var reply = await sut.ChatAsync(more, _own);

        Assert.Equal((200, "gpt", "fake"), (reply.Status, reply.Header("X-Model"), reply.Header("X-Provider")));
        Assert.Equal($"{_own}=model_not_found", reply.Header("X-Attempt-Failures"));
        Assert.Equal("gpt-upstream", sut.Provider.Received[0].Json.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData(InferenceErrorKind.ModelFailed)]
    [InlineData(InferenceErrorKind.Internal)]
    [InlineData(InferenceErrorKind.LeaseLost)]
    public async Task WorkersModelFails_ProviderAnswers(InferenceErrorKind kind)
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut, (one, job) => one.FailAsync(job, kind));

        var reply = await sut.ChatAsync(model: _own);

        Assert.Equal((200, "gpt"), (reply.Status, reply.Header("X-Model")));
        Assert.Equal("", reply.Header("X-Job-Id"));
    }

    [Fact]
    public async Task WorkersModelRefusesTheRequest_NobodyElseIsAsked()
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut, (one, job) => one.FailAsync(job, InferenceErrorKind.ContextLengthExceeded));

        var tooLong = await sut.ChatAsync(model: _own);
        var wrong = await sut.ChatAsync("\"temperature\":9", _own);

        Assert.Equal((400, "context_length_exceeded"), (tooLong.Status, tooLong.ErrorCode));
        Assert.Equal((400, "invalid_request"), (wrong.Status, wrong.ErrorCode));
        Assert.Empty(sut.Provider.Received);
    }

    /// <summary>Providers do not know our own formats.</summary>
    [Fact]
    public async Task OwnFormat_GoesToTheWorkersModelOnly()
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut);
        const string Format = "\"response_format\":{\"type\":\"regex\",\"regex\":\"[a-z]+\"}";

        var own = await sut.ChatAsync(Format, _own);
        var hosted = await sut.ChatAsync(Format, "hosted");

        Assert.Equal((200, _own), (own.Status, own.Header("X-Model")));
        Assert.Equal((400, "invalid_request"), (hosted.Status, hosted.ErrorCode));
        Assert.Empty(sut.Provider.Received);
    }

    /// <summary>The provider's model failed. The caller gets its error, and not that the fallback does not support the request.</summary>
    [Fact]
    public async Task FallbackRefusesTheRequest_FirstFailureIsTold()
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut);
        sut.Provider.Otherwise = FakeProvider.Fails(503);

        var reply = await sut.ChatAsync("\"top_k\":-5", "hosted");

        Assert.Equal((502, "provider_failed"), (reply.Status, reply.ErrorCode));
    }

    [Fact]
    public async Task AllFail_LastFailureIsTold()
    {
        await using var sut = await StartAsync();
        sut.Provider.Otherwise = FakeProvider.Fails(503);

        var reply = await sut.ChatAsync(model: _own);

        Assert.Equal((502, "provider_failed"), (reply.Status, reply.ErrorCode));
        Assert.Equal($"{_own}=model_not_found, gpt=status_503", reply.Header("X-Attempt-Failures"));
    }

    /// <summary>All legs share one deadline: a provider that does not answer leaves no time for the next leg.</summary>
    [Fact]
    public async Task DeadlinePasses_IsTheLastFailure()
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut);
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        var reply = await sut.ChatAsync("", "hosted", ("X-Request-Timeout", "0.3"));

        Assert.Equal((504, "provider_timeout"), (reply.Status, reply.ErrorCode));
    }

    [Fact]
    public async Task ThreeLegs_AreAskedInTheirOrder()
    {
        await using var sut = await StartAsync(
            "Models:first:Provider=fake", "Models:first:MaxRetries=0", $"Models:first:Fallbacks:0={_own}", "Models:first:Fallbacks:1=gpt");
        sut.Provider.Script(FakeProvider.Fails(503), FakeProvider.Says("Hello"));

        var reply = await sut.ChatAsync(model: "first");

        Assert.Equal((200, "gpt"), (reply.Status, reply.Header("X-Model")));
        Assert.Equal($"first=status_503, {_own}=model_not_found", reply.Header("X-Attempt-Failures"));
    }

    /// <summary>A job has no fallback, because it is in its model's queue, and only this model's workers read that queue.</summary>
    [Fact]
    public async Task Job_OfTheWorkersModel_IsRunByItsWorker()
    {
        await using var sut = await StartAsync();
        await using var worker = await ServeAsync(sut);

        var reply = await sut.ChatAsync("", _own, ("Prefer", "respond-async"));
        var status = "";
        await Poll.UntilAsync(
            async () =>
            {
                using var job = await sut.Gateway.Client.GetAsync($"/v1/jobs/{reply.Header("X-Job-Id")}", Ct);
                Assert.Equal(HttpStatusCode.OK, job.StatusCode);
                status = await job.Content.ReadAsStringAsync(Ct);
                return status.Contains("succeeded", StringComparison.Ordinal);
            },
            "the worker has run the job");

        Assert.Equal(202, reply.Status);
        Assert.Contains(FakeWorker.Text, status, StringComparison.Ordinal);
        Assert.Empty(sut.Provider.Received);
    }

    private Task<ProviderGateway> StartAsync(params string[] settings) => ProviderGateway.StartAsync(
        redis,
        [
            $"Models:{_own}:Provider=workers", $"Models:{_own}:Fallbacks:0=gpt", "Models:hosted:Provider=fake",
            "Models:hosted:MaxRetries=0", $"Models:hosted:Fallbacks:0={_own}", "Models:gpt:MaxRetries=0", .. settings,
        ]);

    private async Task<FakeWorker> ServeAsync(ProviderGateway sut, Func<FakeWorker, LeasedJob, Task>? run = null)
    {
        await sut.Gateway.ServeAsync(_own, dimensions: null, ChatTask.Kind);
        return FakeWorker.Start(sut.Gateway, _own, run);
    }
}
