using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary>What <c>jobs follow</c> makes of the events of a job.</summary>
public sealed class CliFollowTests : IAsyncLifetime
{
    private const string Path = "GET /v1/jobs/job_1";

    private StandInGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _gateway = await StandInGateway.StartAsync(Ct);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    [InlineData("chat.completion", """{"choices":[{"index":0,"message":{"content":"Hello"}}]}""", "Hello\n")]
    [InlineData("text_completion", """{"choices":[{"index":0,"text":"Hello"}]}""", "Hello\n")]
    [InlineData("two choices", """{"choices":[{"text":"a"},{"text":"b"}]}""", "{\"choices\":[{\"text\":\"a\"},{\"text\":\"b\"}]}\n")]
    [InlineData("a list", """{"data":[{"embedding":[1,2]}]}""", "{\"data\":[{\"embedding\":[1,2]}]}\n")]
    [InlineData("another form", """{"choices":[7]}""", "{\"choices\":[7]}\n")]
    [InlineData("nothing", "null", "")]
    public async Task Follow_JobWithoutAStream_PrintsItsOutput(string what, string output, string expected)
    {
        _gateway.On(Path, Job("running")).Events($"{Path}/events", Status("running") + Done("succeeded", output));

        await using var sut = Follow();

        Assert.Equal((0, what), (await sut.EndAsync(), what));
        Assert.Equal((expected, "[running]\n"), (sut.Output, sut.Errors));
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"PIECE"}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"PIECE"}}]}""")]
    [InlineData("""{"choices":[{"index":0,"text":"PIECE"}]}""")]
    [InlineData("""{"choices":[{"index":1,"text":"another"},{"index":0,"text":"PIECE"}]}""")]
    public async Task Follow_Stream_PrintsThePiecesOfTheFirstChoiceOnce(string form)
    {
        string Piece(int id, string text) => Event(id, "output", form.Replace("PIECE", text, StringComparison.Ordinal));
        var other = Event(3, "output", """{"choices":[{"index":1,"delta":{"content":"another"}}]}""");
        _gateway.On(Path, Job("running"))
            .Events($"{Path}/events", Status("queued") + Piece(2, "Hel") + other)
            .Events($"{Path}/events", Piece(4, "lo") + Event(5, "output", """{"choices":[]}""") + Done("succeeded", """{"choices":[]}"""));

        await using var sut = Follow();

        Assert.Equal(0, await sut.EndAsync());
        Assert.Equal(("Hello\n", "[queued]\n"), (sut.Output, sut.Errors));
        Assert.Equal([null, "3"], _gateway.Seen.Where(one => one.Call.EndsWith("/events", StringComparison.Ordinal)).Select(one => one.After));
    }

    [Fact]
    public async Task Follow_EventsThatAreNoLongerKept_PrintsTheWholeOutputAtTheEnd()
    {
        string Piece(int id, string text) => Event(id, "output", $$"""{"choices":[{"index":0,"text":"{{text}}"}]}""");
        _gateway.On(Path, Job("running")).Events(
            $"{Path}/events",
            Piece(1, "Hel") + "event: gap\ndata: {}\n\n" + Piece(7, "re")
            + Done("succeeded", """{"choices":[{"index":0,"message":{"content":"Hello there"}}]}"""));

        await using var sut = Follow();

        Assert.Equal(0, await sut.EndAsync());
        Assert.Equal(("Hel\nHello there\n", "[a part of the output is no longer kept]\n"), (sut.Output, sut.Errors));
    }

    [Theory]
    [InlineData("failed", """{"code":"x","message":"The model is broken.","retryable":false}""", "error: The job failed. The model is broken.\n")]
    [InlineData("canceled", "null", "error: The job is canceled.\n")]
    [InlineData("expired", """{"code":"x","message":"Too late.","retryable":false}""", "error: The job is expired. Too late.\n")]
    public async Task Follow_JobWithoutSuccess_SaysWhy(string status, string error, string expected)
    {
        var piece = Event(1, "output", """{"choices":[{"index":0,"text":"Hel"}]}""");
        _gateway.On(Path, Job("running")).Events($"{Path}/events", piece + Done(status, "null", error));

        await using var sut = Follow();
        await using var json = Follow("--json");

        Assert.Equal((1, 1), (await sut.EndAsync(), await json.EndAsync()));
        Assert.Equal(("Hel\n", expected), (sut.Output, sut.Errors));
        Assert.Equal(2, json.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains($"\"status\":\"{status}\"", json.Output, StringComparison.Ordinal);
        Assert.Equal("", json.Errors);
    }

    /// <summary>What the Gateway sends is printed once, and as it is.</summary>
    [Fact]
    public async Task FollowJson_Event_HasTheGatewaysOwnContent()
    {
        _gateway.On(Path, Job("running")).Events($"{Path}/events", Status("running") + Done("succeeded", "{\"data\":[]}"));

        await using var sut = Follow("--json");

        Assert.Equal(0, await sut.EndAsync());
        Assert.Equal(
            [
                "{\"sequence\":1,\"kind\":\"status\",\"data\":{\"status\":\"running\"}}",
                $"{{\"sequence\":9,\"kind\":\"done\",\"data\":{Job("succeeded", "{\"data\":[]}").Replace(", \"", ",\"", StringComparison.Ordinal)}}}",
                "",
            ],
            sut.Output.Split('\n'));
    }

    [Fact]
    public async Task Follow_ControlCharacters_DoNotReachTheTerminal()
    {
        _gateway.On(Path, Job("running")).Events(
            $"{Path}/events",
            Event(1, "output", """{"choices":[{"index":0,"text":"\u001b[31mred\u0007\t\n"}]}""")
            + Done("failed", "null", """{"code":"x","message":"\u001b[2Jgone","retryable":false}"""));

        await using var sut = Follow();

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(("[31mred\t\n\n", "error: The job failed. [2Jgone\n"), (sut.Output, sut.Errors));
    }

    [Fact]
    public async Task Follow_NoSuchJob_IsSaidInTheGatewaysWords()
    {
        _gateway.On(Path, """{"detail":"There is no job 'job_1'.","code":"job_not_found"}""", status: 404);

        await using var sut = Follow();

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(("", "error: There is no job 'job_1'.\n"), (sut.Output, sut.Errors));
    }

    [Theory]
    [InlineData(null, "error: The Gateway needs an API key: set AI_API_KEY.\n")]
    [InlineData("aip_1", "error: The Gateway does not accept the API key in AI_API_KEY: it is not one of its keys, or has expired.\n")]
    public async Task Follow_KeyIsMissingOrWrong_SaysWhatToSet(string? key, string expected)
    {
        _gateway.On(Path, """{"detail":"No."}""", status: 401);

        await using var sut = CliProcess.Start(_gateway.Address, ["jobs", "follow", "job_1"], key);

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(("", expected), (sut.Output, sut.Errors));
        Assert.Equal(key is null ? null : $"Bearer {key}", Assert.Single(_gateway.Seen).Key);
    }

    [Fact]
    public async Task Follow_CtrlC_EndsAtOnceAndLeavesTheJob()
    {
        _gateway.On(Path, Job("queued")).Silence($"{Path}/events");
        await using var sut = Follow();
        await sut.UntilAsync(_ => _gateway.Seen.Count == 2, "it follows");

        await sut.InterruptAsync();

        Assert.Equal(130, await sut.ExitCodeAsync());
        Assert.Equal(2, _gateway.Seen.Count);
    }

    private CliProcess Follow(params string[] more) => CliProcess.Start(_gateway.Address, ["jobs", "follow", "job_1", .. more]);

    private static string Status(string status) => Event(1, "status", $$"""{"status":"{{status}}"}""");

    private static string Done(string status, string output, string error = "null") => Event(9, "done", Job(status, output, error));

    private static string Event(int id, string kind, string data) => $"id: {id}\nevent: {kind}\ndata: {data}\n\n";

    private static string Job(string status, string output = "null", string error = "null") =>
        """{"id":"job_1","endpoint":"/v1/embeddings","model":"m","lane":"default","created_at":"2026-01-01T00:00:00Z","""
        + $$""" "deadline":"2026-01-02T00:00:00Z","attempts":1,"status":"{{status}}","output":{{output}},"error":{{error}}}""";
}
