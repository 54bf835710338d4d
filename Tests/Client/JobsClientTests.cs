using System.Net;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using Xunit;
using static AiPlatform.Tests.Client.ScriptedGateway;

namespace AiPlatform.Tests.Client;

/// <summary>How jobs are waited for, followed and listed through outages, which are scripted.</summary>
public sealed class JobsClientTests
{
    private const string Id = "job_1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wait_Outages_AsksAgainUntilTheJobHasEnded()
    {
        var sut = new ScriptedGateway(
            Refusal(503, ("Retry-After", "20")), Broken, Silent, Reply(Job("running")), Broken, Reply(Job("succeeded")));
        using var client = sut.Client(options => options.MaxRetries = 0);

        var job = await sut.EndAsync(client.Jobs.WaitAsync(Id, Ct));

        Assert.Equal("succeeded", job.Status);
        Assert.All(sut.Seen, one => Assert.Equal("/v1/jobs/job_1?wait=60", one.Path));
        // The pause that the Gateway names; one of its own; the bound of a wait and the next pause; none after an answer; the first pause.
        var at = sut.Seen.Select(one => one.At.TotalSeconds).ToList();
        Assert.Equal([0, 20, 20.5, 111.5, 111.5, 111.75], at);
    }

    [Fact]
    public async Task Wait_NoSuchJob_EndsAtOnce()
    {
        var sut = new ScriptedGateway(
            Reply("""{"title":"No such job","detail":"There is no job 'job_1'.","code":"job_not_found","status":404}""", 404));
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(client.Jobs.WaitAsync(Id, Ct)));

        Assert.Equal(("There is no job 'job_1'.", "job_not_found"), (error.Message, error.Code));
        Assert.False(error.IsRetryable);
    }

    [Fact]
    public async Task Events_LostConnections_GoOnAfterTheLastOne()
    {
        var sut = new ScriptedGateway(
            Events("id: 1\nevent: status\ndata: {\"status\":\"queued\"}\n\nid: 2\nevent: output\ndata: {}\n\n"),
            Refusal(503, ("Retry-After", "1")),
            Broken,
            Events("id: 3\nevent: output\ndata: {}\n\n", isOpen: true),
            Events("id: 4\nevent: output\ndata: {}\n\nevent: gap\ndata: {}\n\n"),
            Events($"id: 9\nevent: done\ndata: {Job("succeeded")}\n\n"));
        using var client = sut.Client(options => options.MaxRetries = 0);

        var events = await sut.EndAsync(client.Jobs.EventsAsync(Id, cancellationToken: Ct).ToListAsync(Ct).AsTask());

        Assert.Equal([1, 2, 3, 4, null, 9], events.Select(one => one.Sequence));
        Assert.Equal(["status", "output", "output", "output", "gap", "done"], events.Select(one => one.Kind));
        Assert.Equal([null, "2", "2", "2", "3", "4"], sut.Seen.Select(one => one.Headers.GetValueOrDefault("Last-Event-ID")));
        Assert.All(sut.Seen, one => Assert.Equal("text/event-stream", one.Headers["Accept"]));
        // The open stream counts as lost after a minute.
        Assert.InRange((sut.Seen[4].At - sut.Seen[3].At).TotalSeconds, 60, 61);
    }

    [Fact]
    public async Task Events_FromTheMiddle_NamesWhereItBegins()
    {
        var sut = new ScriptedGateway(Events($"id: 9\nevent: done\ndata: {Job("failed")}\n\n"));
        using var client = sut.Client();

        var done = await client.Jobs.EventsAsync(Id, after: 8, Ct).SingleAsync(Ct);

        Assert.Equal(("8", "failed"), (sut.Seen[0].Headers["Last-Event-ID"], done.Job!.Status));
    }

    [Theory]
    [InlineData("id: 1\nevent: status\ndata: {\n\n")]
    [InlineData("id: 1\nevent: status\ndata:\n\n")]
    public async Task Events_NoJson_IsAnError(string events)
    {
        var sut = new ScriptedGateway(Events(events));
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(
            () => client.Jobs.EventsAsync(Id, cancellationToken: Ct).ToListAsync(Ct).AsTask());

        Assert.Contains("not JSON", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_SeveralPages_AreReadAsTheyAreAskedFor()
    {
        var sut = new ScriptedGateway(
            Reply($$"""{"data":[{{Job("failed", "job_3")}},{{Job("failed", "job_2")}}],"has_more":true,"last_id":"job_2"}"""),
            Reply($$"""{"data":[{{Job("failed")}}],"has_more":false,"last_id":"job_1"}"""));
        using var client = sut.Client();

        Assert.Equal("job_3", (await client.Jobs.ListAsync("failed", "a/b", Ct).FirstAsync(Ct)).Id);
        Assert.Equal("/v1/jobs?limit=100&status=failed&model=a%2Fb", Assert.Single(sut.Seen).Path);

        sut = new ScriptedGateway(
            Reply($$"""{"data":[{{Job("failed", "job_3")}},{{Job("failed", "job_2")}}],"has_more":true,"last_id":"job_2"}"""),
            Reply($$"""{"data":[{{Job("failed")}}],"has_more":false,"last_id":"job_1"}"""));
        using var other = sut.Client();
        var all = await other.Jobs.ListAsync(cancellationToken: Ct).ToListAsync(Ct);
        Assert.Equal(["job_3", "job_2", "job_1"], all.Select(one => one.Id));
        Assert.Equal(["/v1/jobs?limit=100", "/v1/jobs?limit=100&after=job_2"], sut.Seen.Select(one => one.Path));
    }

    [Fact]
    public async Task Submit_AllThatCanBeSaid_IsInTheBody()
    {
        var sut = new ScriptedGateway(Reply(Job("queued"), 202));
        using var client = sut.Client();

        await client.Jobs.SubmitAsync(
            new JobRequest
            {
                Endpoint = "/v1/embeddings",
                Body = System.Text.Json.JsonDocument.Parse("""{"model":"m"}""").RootElement,
                Lane = "batch",
                Deadline = TimeSpan.FromMinutes(2),
                Metadata = new Dictionary<string, string> { ["order"] = "7" },
            },
            Ct);

        Assert.Equal(
            """{"endpoint":"/v1/embeddings","body":{"model":"m"},"lane":"batch","deadline_seconds":120,"metadata":{"order":"7"}}""",
            sut.Seen[0].Body);
    }

    [Fact]
    public async Task Submit_WithoutABody_NamesIt()
    {
        using var client = new ScriptedGateway().Client();

        var error = await Assert.ThrowsAsync<ArgumentException>(
            () => client.Jobs.SubmitAsync(new JobRequest { Endpoint = "/v1/embeddings", Body = default }, Ct));

        Assert.StartsWith("Body is not set", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetOutput_OfAListedJob_SaysWhoHasIt()
    {
        var sut = new ScriptedGateway(Reply($$"""{"data":[{{Job("succeeded")}}],"has_more":false,"last_id":"job_1"}"""));
        using var client = sut.Client();
        var job = await client.Jobs.ListAsync(cancellationToken: Ct).SingleAsync(Ct);

        var error = Assert.Throws<AiPlatformException>(() => job.GetOutput());

        Assert.Contains("Read the job with GetAsync", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Id_IsOneSegmentOfThePath()
    {
        var sut = new ScriptedGateway(Reply(Job("queued")));
        using var client = sut.Client();

        await client.Jobs.GetAsync("../a?b", Ct);

        Assert.Equal("/v1/jobs/..%2Fa%3Fb", sut.Seen[0].Path);
    }

    [Theory]
    [InlineData(
        """{"detail":"The queue is full.","code":"queue_full","param":"model","retryable":false,"job_id":"job_1"}""",
        "The queue is full.", "queue_full", "model", false, "job_1")]
    [InlineData("""{"error":{"message":"No.","code":"x","param":"input"}}""", "No.", "x", "input", true, null)]
    [InlineData("[]", "The Gateway answered 503 Service Unavailable.", null, null, true, null)]
    [InlineData("<html>", "The Gateway answered 503 Service Unavailable.", null, null, true, null)]
    [InlineData("""{"detail":7,"retryable":"no"}""", "The Gateway answered 503 Service Unavailable.", null, null, true, null)]
    public async Task Error_HasWhatTheAnswerSays(
        string body, string message, string? code, string? param, bool isRetryable, string? job)
    {
        var sut = new ScriptedGateway(Reply(body, 503));
        using var client = sut.Client(options => options.MaxRetries = 0);

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => client.Jobs.GetAsync(Id, Ct));

        Assert.Equal(
            (message, code, param, isRetryable, job, HttpStatusCode.ServiceUnavailable),
            (error.Message, error.Code, error.Param, error.IsRetryable, error.JobId, error.Status));
    }

    private static string Job(string status, string id = Id) =>
        $$"""{"id":"{{id}}","endpoint":"/v1/embeddings","model":"m","status":"{{status}}","lane":"default","""
        + """ "created_at":"1970-01-01T00:00:00Z","deadline":"1970-01-02T00:00:00Z","attempts":1}""";
}
