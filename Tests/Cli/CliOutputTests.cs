using System.Net;
using System.Net.Sockets;
using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary>What the program says where it cannot write or read, or where nobody answers.</summary>
public sealed class CliOutputTests : IAsyncLifetime
{
    private StandInGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _gateway = await StandInGateway.StartAsync(Ct);
        _gateway.On("GET /v1/models", CliAnswersTests.Models)
            .On("GET /health", """{"status":"Healthy","version":"0.1.0","checks":[]}""")
            .On("GET /v1/caller", """{"tenant":"anonymous","role":"user","has_keys":false}""")
            .On("GET /v1/jobs?limit=100", """
                {"data":[{"id":"job_1","endpoint":"/v1/embeddings","model":"m","lane":"default","created_at":"2026-01-01T00:00:00Z",
                "deadline":"2026-01-02T00:00:00Z","attempts":1,"status":"canceled"}],"has_more":false}
                """);
    }

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    [InlineData(">/dev/full", "models")]
    [InlineData(">/dev/full", "models", "--json")]
    [InlineData(">/dev/full", "doctor")]
    [InlineData(">/dev/full", "jobs", "list")]
    [InlineData(">/dev/full", "--help")]
    [InlineData(">/dev/full", "key", "new", "search")]
    [InlineData(">&-", "models")]
    [InlineData(">&-", "--version")]
    public async Task Output_CannotBeWritten_IsOneErrorThatSaysWhy(string redirection, params string[] arguments)
    {
        await using var sut = CliProcess.StartRedirected(redirection, _gateway.Address, arguments);

        Assert.Equal(1, await sut.EndAsync());
        Assert.Matches(@"^error: Standard output cannot be written to: [^\n]+\n$", sut.Errors);
    }

    [Theory]
    [InlineData("2>/dev/full")]
    [InlineData("2>&-")]
    public async Task Errors_CannotBeWritten_StillHaveTheirExitCode(string redirection)
    {
        await using var sut = CliProcess.StartRedirected(redirection, _gateway.Address, "jobs", "show", "job_7");

        Assert.Equal((1, "", ""), (await sut.EndAsync(), sut.Output, sut.Errors));
    }

    /// <summary>As before <c>head</c>, which has seen enough.</summary>
    [Fact]
    public async Task Output_ReaderHasLeft_IsNoError()
    {
        await using var sut = CliProcess.StartRedirected("> >(exec true)", _gateway.Address, "models");

        Assert.Equal((0, ""), (await sut.EndAsync(), sut.Errors));
    }

    [Fact]
    public async Task Chat_InputIsClosed_Ends()
    {
        await using var sut = CliProcess.StartRedirected("<&-", _gateway.Address, "chat");

        Assert.Equal((0, ""), (await sut.ExitCodeAsync(), sut.Output));
    }

    [Theory]
    [InlineData("models")]
    [InlineData("jobs", "list")]
    public async Task UnknownHost_IsNamed(params string[] command)
    {
        await using var sut = CliProcess.Start("http://nowhere.invalid:7", command);

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(
            "error: The host 'nowhere.invalid' of http://nowhere.invalid:7 is not known here; --url or AI_URL names another one.\n", sut.Errors);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Gateway_AcceptsAndNeverAnswers_IsToldFromOneThatIsAway()
    {
        using var silence = new TcpListener(IPAddress.Loopback, port: 0);
        silence.Start();
        var url = $"http://{silence.LocalEndpoint}";

        await using var models = CliProcess.Start(url, ["models"]);
        await using var jobs = CliProcess.Start(url, ["jobs", "list"]);

        var expected = $"error: Nobody at {url} answered within 30 s; --url or AI_URL names another one.\n";
        Assert.Equal((1, expected), (await models.EndAsync(), models.Errors));
        Assert.Equal((1, expected), (await jobs.EndAsync(), jobs.Errors));
    }
}
