using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>Sends a Gateway schemas and answers that are designed to take long, as any caller can.</summary>
public sealed class SchemaBombCallsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly int Threads = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly RedisServer _redis = redis;

    private static string ManyPatterns =>
        $$"""{"allOf":[{{string.Join(',', Enumerable.Range(0, 4_000).Select(i => $$"""{"pattern":"[\\p{L}\\d]{1,30}x\\w*{{i}}"}"""))}}]}""";

    private static string PatternsForNames =>
        $$"""{"patternProperties":{{{string.Join(',', Enumerable.Range(0, 2_000).Select(i => $"\"^p{i}.*z$\":{{}}"))}}} }""";

    private static string ManyNames => $$"""{{{string.Join(',', Enumerable.Range(0, 40_000).Select(i => $"\"f{i}\":{i}"))}}}""";

    [Fact]
    public async Task Chat_PatternOfManyStates_IsMatchedInItsSteps()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxCorrections=0");
        sut.Provider.Otherwise = FakeProvider.Says($"\"{new string('a', 2_000)}\"");

        var reply = await sut.ChatAsync(Format("""{"pattern":"(.*a){1,900}b"}"""));

        Assert.Equal((422, "answer_invalid"), (reply.Status, reply.ErrorCode));
        Assert.Contains("must match the pattern", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ThousandsOfPatterns_Is400ThatNamesThePlaceBeforeAnybodyIsAsked()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);

        var reply = await sut.ChatAsync(Format(ManyPatterns));
        var job = await sut.ChatAsync(Format(ManyPatterns), headers: ("Prefer", "respond-async"));

        Assert.Equal((400, 400, 0), (reply.Status, job.Status, sut.Provider.Received.Count));
        var error = reply.Json.GetProperty("error");
        Assert.Equal("response_format.json_schema.schema", error.GetProperty("param").GetString());
        Assert.Matches(@"^\$\.allOf\[\d+\]\.pattern has one pattern too many: .* more than 100000 states", error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_AnswerThatTakesTooLongToCheck_IsAClearErrorAndNotAskedAgain(bool streams)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Otherwise = streams ? FakeProvider.StreamsWords(ManyNames) : FakeProvider.Says(ManyNames);

        var reply = await sut.ChatAsync(Format(PatternsForNames) + (streams ? ",\"stream\":true" : ""));

        Assert.Equal((streams ? 200 : 422, 1), (reply.Status, sut.Provider.Received.Count));
        Assert.Contains("could not be checked: it takes more than 20,000,000 steps", reply.Body, StringComparison.Ordinal);
        Assert.Contains("\"answer_invalid\"", reply.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_AnswerThatTakesTooLongToCheck_FailsOnce()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        sut.Provider.Otherwise = FakeProvider.Says(ManyNames);

        var accepted = await sut.ChatAsync(Format(PatternsForNames), model: model, headers: ("Prefer", "respond-async"));
        var job = await sut.Gateway.GetJobAsync(accepted.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal(
            ("failed", "answer_invalid"),
            (job.GetProperty("status").GetString(), job.GetProperty("error").GetProperty("code").GetString()));
        Assert.Single(sut.Provider.Received);
    }

    [Fact]
    public async Task Chat_SchemasKeepEveryThreadBusy_OthersAreServedAndALeaverWaitsNoLonger()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        await sut.Gateway.UntilReadyAsync();
        sut.Provider.Otherwise = FakeProvider.Says("{}");
        var work = sut.Gateway.Services.GetRequiredService<SchemaWork>();
        using var gate = new ManualResetEventSlim();
        var busy = Enumerable.Range(0, Threads)
            .Select(_ => work.RunAsync(budget => { budget.Spend(StepBudget.Whole / 2); gate.Wait(); return 0; }, CancellationToken.None)
                .AsTask()).ToList();
        try
        {
            using var leaving = new CancellationTokenSource();
            using var request = ProviderGateway.ChatRequest(Format(ManyPatterns));
            var left = sut.Gateway.Client.SendAsync(request, leaving.Token);
            await Poll.UntilAsync(() => work.Waiting == 1, "the schema waits for a thread");

            using var health = await sut.Gateway.Client.GetAsync(
                new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
            var small = await sut.ChatAsync(Format("""{"type":"object"}"""));
            await leaving.CancelAsync();

            Assert.Equal((200, 200), ((int)health.StatusCode, small.Status));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
            await Poll.UntilAsync(() => work.Waiting == 0, "the schema of a client that left waits no longer");
        }
        finally
        {
            gate.Set();
            await Task.WhenAll(busy);
        }
    }

    [Fact]
    public async Task Chat_DeadlinePassesWhileTheCheckWaits_Is504()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:Timeout=00:00:03");
        sut.Provider.Otherwise = FakeProvider.Says(ManyNames);
        var work = sut.Gateway.Services.GetRequiredService<SchemaWork>();
        using var gate = new ManualResetEventSlim();
        var busy = Enumerable.Range(0, Threads)
            .Select(_ => work.RunAsync(budget => { budget.Spend(StepBudget.Whole / 2); gate.Wait(); return 0; }, CancellationToken.None)
                .AsTask()).ToList();
        try
        {
            var reply = await sut.ChatAsync(Format("""{"additionalProperties":{"type":"integer"}}"""));

            Assert.Equal((504, "provider_timeout"), (reply.Status, reply.ErrorCode));
            Assert.Contains("could not be checked", reply.Body, StringComparison.Ordinal);
        }
        finally
        {
            gate.Set();
            await Task.WhenAll(busy);
        }
    }

    private static string Format(string schema) => $$"""
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{{schema}}} }
        """;
}
