using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Answers;

/// <summary>Routes with typed answers, with a worker's language model.</summary>
public sealed class WorkerAnswersTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Prompt = """{"prompt":"hi"}""";

    /// <summary>The first of the served models by name.</summary>
    private readonly string _model = RedisServer.Unique("a-model");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AskAi_NoProvider_FirstModelThatIsServedSaysTheText()
    {
        await using var sut = await GatewayHost.StartAsync(redis);
        var gone = RedisServer.Unique("a-gone");
        await sut.ServeAsync(RedisServer.Unique("a-embedder"));
        await sut.ServeAsync(gone, dimensions: null, ChatTask.Kind);
        await sut.LeaveAsync(gone);
        await using var worker = await ServeAsync(sut, _model);
        using var known = await sut.Client.GetAsync($"/v1/models/{_model}", Ct);

        using var reply = await sut.PostTextAsync("/ask-ai", Prompt);

        Assert.Equal($"{{\"answer\":\"{FakeWorker.Text}\"}}", await reply.Content.ReadAsStringAsync(Ct));
        Assert.Equal(_model, reply.Headers.GetValues("X-Model").Single());
    }

    [Fact]
    public async Task AskAi_WorkersOfTheOnlyModelAreGone_Is503LikeAChat()
    {
        await using var others = new RedisServer();
        await others.InitializeAsync();
        await using var sut = await GatewayHost.StartAsync(others);
        await sut.ServeAsync(_model, dimensions: null, ChatTask.Kind);
        await sut.LeaveAsync(_model);

        using var reply = await sut.PostTextAsync("/ask-ai", Prompt);

        Assert.Equal(503, (int)reply.StatusCode);
        Assert.Contains("model_unavailable", await reply.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAi_WorkerIsTooSlow_Is504ThatNamesTheSetting()
    {
        // By name it comes after those of the other tests, which ask the first one.
        var slow = RedisServer.Unique("z-slow");
        await using var sut = await GatewayHost.StartAsync(redis, $"Answers:Model={slow}", "Answers:Timeout=00:00:00.200");
        await sut.ServeAsync(slow, dimensions: null, ChatTask.Kind);

        using var reply = await sut.PostTextAsync("/ask-ai", Prompt);

        Assert.Equal(504, (int)reply.StatusCode);
        Assert.Contains("more time with Answers:Timeout", await reply.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAi_SettingNamesAWorkersModel_ThatOneIsAsked()
    {
        var named = RedisServer.Unique("z-model");
        await using var sut = await GatewayHost.StartAsync(redis, $"Answers:Model={named}");
        await using var worker = await ServeAsync(sut, named);

        using var reply = await sut.PostTextAsync("/ask-ai", Prompt);

        Assert.Equal((200, named), ((int)reply.StatusCode, reply.Headers.GetValues("X-Model").Single()));
    }

    /// <summary>The answer is still validated: a text must not be empty.</summary>
    [Fact]
    public async Task AskAi_ModelSaysNothing_Is422()
    {
        var named = RedisServer.Unique("z-model");
        await using var sut = await GatewayHost.StartAsync(redis, $"Answers:Model={named}");
        await using var worker = await ServeAsync(sut, named, (one, job) => one.SucceedWithTextAsync(job, " "));

        using var reply = await sut.PostTextAsync("/ask-ai", Prompt);

        Assert.Equal(422, (int)reply.StatusCode);
    }

    [Theory]
    [InlineData(InferenceErrorKind.ModelFailed, 500)]
    [InlineData(InferenceErrorKind.ContextLengthExceeded, 400)]
    public async Task AskAi_JobFails_IsTold(InferenceErrorKind kind, int status)
    {
        var named = RedisServer.Unique("z-model");
        await using var sut = await GatewayHost.StartAsync(redis, $"Answers:Model={named}");
        await using var worker = await ServeAsync(sut, named, (one, job) => one.FailAsync(job, kind));

        using var reply = await sut.PostTextAsync("/ask-ai", Prompt);

        Assert.Equal(status, (int)reply.StatusCode);
    }

    [Theory]
    [InlineData("""{"summary":"A text.","sentiment":"Neutral","tags":["text"]}""", "stop", 200, "\"summary\":\"A text.\"")]
    [InlineData("""{"summary":"A te""", "length", 422, "was cut after 128 tokens")]
    [InlineData("""{"summary":"A text.","sentiment":"Sad","tags":[]}""", "stop", 422, "does not fit")]
    public async Task Generate_WorkersModel_AnswersWithTheRecordOrSaysWhyNot(string said, string reason, int status, string part)
    {
        var named = RedisServer.Unique("z-model");
        await using var sut = await GatewayHost.StartAsync(redis, $"Answers:Model={named}");
        await using var worker = await ServeAsync(sut, named, (one, job) => one.SucceedWithTextAsync(job, said, reason));

        using var reply = await sut.PostTextAsync("/generate", Prompt);

        Assert.Equal(status, (int)reply.StatusCode);
        Assert.Contains(part, await reply.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    /// <summary>The worker holds the model to the schema, which the model sees, too.</summary>
    [Fact]
    public async Task Generate_WorkersModel_IsAskedWithTheSchema()
    {
        var named = RedisServer.Unique("z-model");
        var asked = "";
        await using var sut = await GatewayHost.StartAsync(redis, $"Answers:Model={named}");
        await using var worker = await ServeAsync(sut, named, (one, job) =>
        {
            asked = System.Text.Encoding.UTF8.GetString(job.Body.Span);
            return one.SucceedWithTextAsync(job, """{"summary":"A text.","sentiment":"Neutral","tags":["text"]}""");
        });

        using var reply = await sut.PostTextAsync("/generate", Prompt);

        var (call, _) = ChatRequestParser.Parse(System.Text.Encoding.UTF8.GetBytes(asked));
        Assert.Contains("sentiment", call!.Grammar!.Text, StringComparison.Ordinal);
        Assert.Contains("fits this schema", asked, StringComparison.Ordinal);
    }

    private static async Task<FakeWorker> ServeAsync(
        GatewayHost gateway, string model, Func<FakeWorker, LeasedJob, Task>? run = null)
    {
        await gateway.ServeAsync(model, dimensions: null, ChatTask.Kind);
        return FakeWorker.Start(gateway, model, run);
    }
}
