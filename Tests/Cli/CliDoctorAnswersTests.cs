using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary>What <c>doctor</c> makes of answers that a real system gives rarely.</summary>
public sealed class CliDoctorAnswersTests : IAsyncLifetime
{
    private StandInGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _gateway = await StandInGateway.StartAsync(Ct);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Doctor_ManyThingsAreWrong_SaysEachWithWhatToDo()
    {
        _gateway
            .On("GET /health", """
                {"status":"Degraded","version":"9.8.7+abc","checks":[{"name":"redis","status":"Healthy","detail":"It answers."},
                {"name":"queues","status":"Degraded","detail":"A queue\nis full."},{"name":"odd","status":"Unhealthy"}]}
                """)
            .On("GET /v1/caller", """{"tenant":"ops","role":"operator","has_keys":true}""")
            .On("GET /v1/models", CliAnswersTests.Models)
            .On("GET /v1/queues", """
                {"data":[{"queue":"a","depth":4,"running":1,"oldest_ms":2500,"workers":0,"paused":true,"dead":1,"broken":2},
                {"queue":"b","depth":0,"running":0,"workers":0,"paused":false,"dead":2,"broken":0,"problem":"q:b"}]}
                """);

        await using var sut = Start("doctor");

        Assert.Equal(1, await sut.EndAsync());
        var said = sut.Output.Replace(_gateway.Address, "HERE", StringComparison.Ordinal).Split('\n').ToList();
        Assert.Matches("^this program   0.*, which is another version: 'dotnet tool update AiPlatform.Tool --version 9.8.7' makes", said[4]);
        said.RemoveAt(4);
        Assert.Equal(
            """
            gateway        HERE answers, but not to everything
            queues         WRONG: A queue is full.
            odd            WRONG: Unhealthy
            version        9.8.7+abc
            key            accepted: tenant 'ops', role 'operator'
            model          vectors: embedding, 2 workers on cpu, cuda:0
            model          far: provider openai
            model          WRONG: gone: no worker serves it. Start a worker that has it; until then its jobs wait, and calls are 503.
            model          near: text-generation, 1 worker on cpu
            model          WRONG: models/odd: a worker could not load it. It has no model.json.
            queue          a: 4 waiting, the oldest for 2.5 s, 1 running
            queue          WRONG: a is paused, so its jobs wait. POST HERE/v1/queues/a/resume ends that.
            queue          WRONG: a has jobs, but no worker.
            queue          WRONG: a has 1 dead letter. Read an error ('aiplatform jobs list --status failed' with its tenant's key), mend the cause, then POST HERE/v1/queues/a/requeue-dead.
            queue          WRONG: a: 2 jobs could not be read; see docs/operations.md in AiPlatform's repository.
            queue          b: 0 waiting, 0 running
            queue          WRONG: b has 2 dead letters. Read an error ('aiplatform jobs list --status failed' with its tenant's key), mend the cause, then POST HERE/v1/queues/b/requeue-dead.
            queue          WRONG: b cannot be served: Redis' key q:b has a wrong content.

            """,
            string.Join('\n', said));
        Assert.Equal("10 things to mend, see above.\n", sut.Errors);
    }

    [Theory]
    [InlineData(404, "The Gateway is of an older version, which does not say who calls. Use the program of its version.")]
    [InlineData(503, "Redis is away.")]
    public async Task Doctor_GatewayThatIsNotReady_SaysWhyNobodyIsLetIn(int status, string expected)
    {
        _gateway.On("GET /health", """{"status":"Unhealthy","version":"0.1.0","checks":[]}""", 503)
            .On("GET /v1/caller", """{"detail":"Redis is away."}""", status);

        await using var sut = Start("doctor");

        Assert.Equal((1, "1 thing to mend, see above.\n"), (await sut.EndAsync(), sut.Errors));
        Assert.StartsWith($"gateway        {_gateway.Address} is not ready\n", sut.Output, StringComparison.Ordinal);
        Assert.EndsWith($"key            WRONG: {expected}\n", sut.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "none is needed")]
    [InlineData("aip_1", "this Gateway has no keys, so the one in AI_API_KEY is not needed")]
    public async Task Doctor_GatewayWithoutKeysOrModels_SaysSo(string? key, string expected)
    {
        _gateway.On("GET /health", """{"status":"Healthy","version":"0.1.0","checks":[]}""")
            .On("GET /v1/caller", """{"tenant":"anonymous","role":"user","has_keys":false}""")
            .On("GET /v1/models", """{"data":[]}""");

        await using var sut = CliProcess.Start(_gateway.Address, ["doctor"], key);

        Assert.Equal(1, await sut.EndAsync());
        Assert.Contains($"key            {expected}\n", sut.Output, StringComparison.Ordinal);
        Assert.Contains("models         WRONG: none. Does a worker run, on the same Redis?", sut.Output, StringComparison.Ordinal);
        Assert.EndsWith("queues         not shown: that needs an operator's key\n", sut.Output, StringComparison.Ordinal);
    }

    private CliProcess Start(params string[] arguments) => CliProcess.Start(_gateway.Address, arguments);
}
