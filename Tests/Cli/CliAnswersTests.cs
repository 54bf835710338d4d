using System.Globalization;
using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary>What <c>models</c> and <c>chat</c> make of answers that a real system gives rarely.</summary>
public sealed class CliAnswersTests : IAsyncLifetime
{
    internal const string Models = """
        {"data":[{"id":"vectors","served_by":"worker","available":true,"task":"embedding","workers":2,"devices":["cpu","cuda:0"]},
        {"id":"far","owned_by":"openai","served_by":"provider"},
        {"id":"gone","served_by":"worker","available":false,"task":"text-generation"},
        {"id":"near","served_by":"worker","available":true,"task":"text-generation","max_model_len":8192,"workers":1,"devices":["cpu"]}],
        "failures":[{"folder":"models/odd","reason":"It has no\nmodel.json."}]}
        """;

    private const string End = "data: [DONE]\n\n";

    private StandInGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _gateway = await StandInGateway.StartAsync(Ct);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Models_WorkersAndProviders_HaveTheirColumns()
    {
        _gateway.On("GET /v1/models", Models);

        await using var sut = Start("models");

        Assert.Equal(0, await sut.EndAsync());
        Assert.Matches(@"(?m)^ *vectors *│ *embedding *│ *- *│ *cpu, cuda:0 *│ *2 *│ *- *$", sut.Output);
        Assert.Matches(@"(?m)^ *far *│ *- *│ *- *│ *- *│ *- *│ *openai *$", sut.Output);
        Assert.Matches(@"(?m)^ *near *│ *text-generation *│ *8192 *│ *cpu *│ *1 *│ *- *$", sut.Output);
    }

    [Theory]
    [InlineData("""{"data":[]}""", 200, 0, "The Gateway serves no model: is a worker ready? 'aiplatform doctor' says more.\n")]
    [InlineData("""{"error":{"message":"Redis is away."}}""", 503, 1, "error: Redis is away.\n")]
    [InlineData("""{"error":{"message":7}}""", 500, 1, "error: The Gateway answered with status 500.\n")]
    [InlineData("<html>", 502, 1, "error: The Gateway answered with status 502.\n")]
    public async Task Models_NoList_SaysWhy(string answer, int status, int code, string expected)
    {
        _gateway.On("GET /v1/models", answer, status);

        await using var sut = Start("models");

        Assert.Equal((code, "", expected), (await sut.EndAsync(), sut.Output, sut.Errors));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("<html>")]
    public async Task Models_AnotherProgramAnswers_SaysSo(string answer)
    {
        _gateway.On("GET /v1/models", answer);

        await using var sut = Start("models");

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(
            $"error: The program that answers at {_gateway.Address} is not a Gateway; --url or AI_URL names the Gateway.\n", sut.Errors);
    }

    /// <summary>People set the address as OpenAI's SDKs want it.</summary>
    [Theory]
    [InlineData("/v1")]
    [InlineData("/v1/")]
    public async Task Models_AddressWithV1_AsksTheSameGateway(string path)
    {
        _gateway.On("GET /v1/models", Models);

        await using var sut = CliProcess.Start(_gateway.Address + path, ["models"]);
        await using var option = CliProcess.Start("models", "--url", _gateway.Address + path);

        Assert.Equal((0, 0), (await sut.EndAsync(), await option.EndAsync()));
        Assert.Equal(sut.Output, option.Output);
    }

    [Theory]
    [InlineData("vectors", "The model 'vectors' does embedding, not chats. Models that can chat: far, near.")]
    [InlineData("nobody", "There is no model 'nobody'. Models that can chat: far, near.")]
    public async Task Chat_ModelThatCannot_IsNamedWithThoseThatCan(string model, string expected)
    {
        _gateway.On("GET /v1/models", Models);

        await using var sut = Start("chat", "--model", model);

        Assert.Equal((1, $"error: {expected}\n"), (await sut.EndAsync(), sut.Errors));
    }

    [Theory]
    [InlineData(Models, "near")]
    [InlineData("""{"data":[{"id":"far","served_by":"provider"}]}""", "far")]
    public async Task Chat_NoModelIsNamed_TakesAWorkersFirst(string models, string expected)
    {
        _gateway.On("GET /v1/models", models);
        await using var sut = Start("chat");

        await sut.SendAsync("/model\n");

        Assert.Equal((0, $"{expected}\n"), (await sut.EndAsync(), sut.Errors));
    }

    [Fact]
    public async Task Chat_NoModelCanChat_SaysSo()
    {
        _gateway.On("GET /v1/models", """{"data":[{"id":"gone","available":false,"task":"text-generation"}]}""");

        await using var sut = Start("chat");

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal("error: The Gateway serves no model that can chat; 'aiplatform models' lists the models.\n", sut.Errors);
    }

    [Theory]
    [InlineData("Hel", "", "error: The stream ended before the answer was complete.")]
    [InlineData("Hel", "data: {\"error\":{\"message\":\"The model is broken.\"}}\n\n", "error: The model is broken.")]
    [InlineData("", "data: <html>\n\n", "error: No Gateway answers at")]
    public async Task Chat_AnswerWithoutAnEnd_SaysWhyAndFails(string text, string rest, string expected)
    {
        _gateway.On("GET /v1/models", Models).Events("POST /v1/chat/completions", (text.Length > 0 ? Chunk(text) : "") + rest + End);
        await using var sut = Start("chat");

        await sut.SendAsync("Hello!\n");

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(text.Length > 0 ? $"{text}\n" : "", sut.Output);
        Assert.StartsWith(expected, sut.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "2 tokens in ")]
    [InlineData("data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":7,\"total_tokens\":8}}\n\n", "7 tokens in ")]
    public async Task Chat_Summary_CountsTokensOrElsePieces(string usage, string expected)
    {
        _gateway.On("GET /v1/models", Models)
            .Events("POST /v1/chat/completions", Chunk("Hel") + Chunk("lo\u0007") + Chunk("", "\"stop\"") + usage + End);
        await using var sut = Start("chat");

        await sut.SendAsync("Hello!\n");

        Assert.Equal((0, "Hello\n"), (await sut.EndAsync(), sut.Output));
        Assert.StartsWith($"[{expected}", sut.Errors, StringComparison.Ordinal);
    }

    private CliProcess Start(params string[] arguments) => CliProcess.Start(_gateway.Address, arguments);

    private static string Chunk(string text, string end = "null") => string.Create(
        CultureInfo.InvariantCulture,
        $"data: {{\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"near\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{System.Text.Json.JsonSerializer.Serialize(text)}}},\"finish_reason\":{end}}}]}}\n\n");
}
