using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary>What <c>jobs</c> makes of answers that a real system gives rarely.</summary>
public sealed class CliJobsAnswersTests : IAsyncLifetime
{
    private StandInGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _gateway = await StandInGateway.StartAsync(Ct);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    [InlineData(null, 20)]
    [InlineData("7", 7)]
    [InlineData("25", 25)]
    [InlineData("120", 105)]
    public async Task List_MoreJobsThanAskedFor_StopsThere(string? limit, int expected)
    {
        string Page(int from, int count, bool hasMore) => $$"""
            {"data":[{{string.Join(',', Enumerable.Range(from, count).Select(number => Job($"job_{number}")))}}],
            "has_more":{{(hasMore ? "true" : "false")}},"last_id":"job_{{from + count - 1}}"}
            """;
        _gateway.On("GET /v1/jobs?limit=100", Page(1, 100, hasMore: true))
            .On("GET /v1/jobs?limit=100&after=job_100", Page(101, 5, hasMore: false));

        await using var sut = Start(limit is null ? ["jobs", "list"] : ["jobs", "list", "--limit", limit]);

        Assert.Equal(0, await sut.EndAsync());
        Assert.Equal(expected, sut.Output.Split('\n').Count(line => line.Contains("job_", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task List_NoJobs_SaysSo()
    {
        _gateway.On("GET /v1/jobs?limit=100&status=failed&model=m", """{"data":[],"has_more":false}""");

        await using var sut = Start("jobs", "list", "--status", "failed", "--model", "m");

        Assert.Equal((0, "", "No jobs.\n"), (await sut.EndAsync(), sut.Output, sut.Errors));
    }

    [Fact]
    public async Task Show_AllThatIsKnown_HasALineEach()
    {
        _gateway.On("GET /v1/jobs/job_1", """
            {"id":"job_1","endpoint":"/v1/chat/completions","model":"m","status":"failed","lane":"batch","position":3,
            "created_at":"2026-01-01T00:00:00+01:00","started_at":"2026-01-01T00:00:01Z","finished_at":"2026-01-01T00:00:02Z",
            "deadline":"2026-01-02T00:00:00Z","attempts":2,"progress":{"unit":"tokens","done":3,"total":9},"usage":{"total_tokens":5},
            "trace_id":"abc","metadata":{"order":"7"},"error":{"code":"x","message":"It is\u0007 so.","retryable":true}}
            """);

        await using var sut = Start("jobs", "show", "job_1");

        Assert.Equal(0, await sut.EndAsync());
        Assert.Equal(
            """
            job        job_1
            status     failed, 3 jobs are ahead of it
            endpoint   /v1/chat/completions
            model      m
            lane       batch
            created    2025-12-31 23:00:00
            started    2026-01-01 00:00:01
            finished   2026-01-01 00:00:02
            deadline   2026-01-02 00:00:00
            attempts   2
            progress   3 of 9 tokens
            usage      {"total_tokens":5}
            trace      abc
            metadata   order = 7
            error      x: It is so. A retry may help.

            """,
            sut.Output);
    }

    [Theory]
    [InlineData(404, "job_1 canceled\njob_3 canceled\n")]
    [InlineData(409, "job_1 canceled\njob_3 canceled\n")]
    [InlineData(503, "job_1 canceled\n")]
    public async Task Cancel_OneOfSeveralIsRefused_TheOthersAreAskedUnlessTheGatewayIsAway(int status, string expected)
    {
        _gateway.On("DELETE /v1/jobs/job_1", Job("job_1")).On("DELETE /v1/jobs/job_3", Job("job_3"))
            .On("DELETE /v1/jobs/job_2", """{"detail":"It is so.","code":"x"}""", status);

        await using var sut = Start("jobs", "cancel", "job_1", "job_2", "job_3");

        Assert.Equal((1, expected, "error: It is so.\n"), (await sut.EndAsync(), sut.Output, sut.Errors));
    }

    private CliProcess Start(params string[] arguments) => CliProcess.Start(_gateway.Address, arguments);

    private static string Job(string id) =>
        $$"""{"id":"{{id}}","endpoint":"/v1/embeddings","model":"m","lane":"default","created_at":"2026-01-01T00:00:00Z","""
        + """ "deadline":"2026-01-02T00:00:00Z","attempts":1,"status":"canceled"}""";
}
