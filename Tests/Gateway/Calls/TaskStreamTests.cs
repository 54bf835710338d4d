using System.Buffers;
using System.Net;
using System.Text;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Calls;
using AiPlatform.Gateway.Submission;
using AiPlatform.Gateway.Tasks;
using AiPlatform.Gateway.Tasks.Embeddings;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AiPlatform.Tests.Gateway.Calls;

/// <summary>
/// A task that streams, which the test maps on the route of another task: the worker's output is passed on piece by piece.
/// </summary>
public sealed class TaskStreamTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private const string Route = "/v1/streamed";

    private readonly string _model = RedisServer.Unique("streamed");
    private GatewayHost _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _gateway = await GatewayHost.StartAsync(redis, app => app.MapPost(Route, AnswerAsync));

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task AnswerAsync_PiecesOfARunningJob_ComeBeforeItEnds()
    {
        await using var worker = await FakeWorker.IdleAsync(_gateway, _model);
        var asking = AskAsync(Ct);
        var job = await worker.LeaseAsync();

        await worker.SayAsync(job, JobEvent.Output, "\"a\"", "\"b\"");
        using var response = await asking;
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
        var first = await reader.ReadLineAsync(Ct);
        await worker.SayAsync(job, JobEvent.Output, "\"c\"");
        await worker.SucceedAsync(job);
        var rest = await reader.ReadToEndAsync(Ct);

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal("data: \"a\"\n\ndata: \"b\"\n\ndata: \"c\"\n\ndata: [DONE]\n\n", $"{first}\n{rest}");
    }

    /// <summary>The log is kept for a shorter time than the job.</summary>
    [Fact]
    public async Task AnswerAsync_JobWithoutItsLog_ComesFromItsResult()
    {
        await using var worker = await FakeWorker.IdleAsync(_gateway, _model);
        var asking = AskAsync(Ct);

        await worker.SucceedAsync(await worker.LeaseAsync());

        using var response = await asking;
        Assert.Equal("data: all\n\ndata: [DONE]\n\n", await response.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task AnswerAsync_FailureBeforeTheFirstPiece_HasAStatusOfItsOwn()
    {
        await using var worker = await FakeWorker.IdleAsync(_gateway, _model);
        var asking = AskAsync(Ct);

        await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ContextLengthExceeded);

        using var response = await asking;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task AnswerAsync_FailureInTheMiddle_IsAnErrorEventAndNoEnd()
    {
        await using var worker = await FakeWorker.IdleAsync(_gateway, _model);
        var asking = AskAsync(Ct);
        var job = await worker.LeaseAsync();
        await worker.SayAsync(job, JobEvent.Output, "\"a\"");
        using var response = await asking;

        await worker.FailAsync(job, InferenceErrorKind.ModelFailed);

        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.StartsWith("data: \"a\"\n\ndata: {\"error\":", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnswerAsync_ClientThatLeaves_CancelsItsJob()
    {
        await using var worker = await FakeWorker.IdleAsync(_gateway, _model);
        using var leaving = new CancellationTokenSource();
        var asking = AskAsync(leaving.Token);
        var job = await worker.LeaseAsync();
        await worker.SayAsync(job, JobEvent.Output, "\"a\"");
        using (await asking)
        {
            // It has begun, and the client closes the connection.
        }

        await Poll.UntilAsync(
            async () => (await _gateway.Store.ReadAsync(job.Id, null, false, Ct))!.Status == JobStatus.Canceled, "the job is canceled");
    }

    private Task<HttpResponseMessage> AskAsync(CancellationToken cancellationToken) => _gateway.Client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, Route), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    private Task<IResult> AnswerAsync(HttpContext context, TaskStreams streams)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"{{_model}}","input":"a"}""");
        var call = new AdmittedCall(EmbeddingTask.Description, _model, body) { Streams = true };
        var terms = new JobTerms { Tenant = Tenants.Anonymous, Lane = Lane.Interactive, Deadline = TimeSpan.FromMinutes(1), Limits = null };
        return streams.AnswerAsync(context, new EmbeddingRoute(), new Plain(), call, terms);
    }

    /// <summary>Pieces as they are.</summary>
    private sealed class Plain : IStreamForm
    {
        public void WritePiece(IBufferWriter<byte> output, string model, string piece) =>
            output.Write(Encoding.UTF8.GetBytes($"data: {piece}\n\n"));

        public void WriteEnd(IBufferWriter<byte> output, Job job) => output.Write("data: [DONE]\n\n"u8);

        public void WriteWhole(IBufferWriter<byte> output, ReadOnlyMemory<byte> body, Job job) => output.Write("data: all\n\n"u8);
    }
}
