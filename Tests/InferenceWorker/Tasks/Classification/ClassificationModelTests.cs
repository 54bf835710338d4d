using System.Text;
using System.Text.Json;
using AiPlatform.InferenceWorker.Consumers;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Classification;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Classification;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Classification;

/// <summary>A real ONNX model with known scores.</summary>
public sealed class ClassificationModelTests : IDisposable
{
    private const float Same = 1e-4f;

    private readonly TinyClassifier _classifier = new();
    private readonly ServedModels _models = new();
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(Path.Combine(Manifests.ShippedFolder, "tokenizer.json"));
    private readonly ModelJobs _sut;

    public ClassificationModelTests()
    {
        var services = new ModelServices(
            new ExecutionDevice(null, "tests"), new ModelOptions(), Batchers.Metrics(), TimeProvider.System, NullLogger.Instance);
        _models.Add(new ClassificationWorkerTask().Load(_classifier.Manifest, services));
        var nowhere = JobStoreHost.On(ConnectionMultiplexer.Connect("127.0.0.1:1,abortConnect=false,connectTimeout=100,connectRetry=0"));
        _sut = new ModelJobs(_models, new JobSinks(nowhere.Store, TimeProvider.System, NullLogger<JobSink>.Instance));
    }

    [Fact]
    public async Task RunAsync_TextsOfAllLengths_GiveTheScoresThatTheModelComputesAlone()
    {
        string[] texts = [.. Enumerable.Range(1, 40).Select(words => string.Join(' ', Enumerable.Repeat("blue sky", words % 20 + 1)))];

        var output = Parse(await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":{{JsonSerializer.Serialize(texts)}}}"""));

        Assert.Equal((40, 3), (output.Rows, output.ScoresPerRow));
        for (var row = 0; row < texts.Length; row++) AssertScores(TinyClassifier.ScoresOf(_tokenizer.Encode(texts[row])), output, row);
        Assert.Equal(texts.Sum(text => _tokenizer.Encode(text).Length), output.PromptTokens);
    }

    [Fact]
    public async Task RunAsync_Pairs_TellTheSecondTextFromTheFirst()
    {
        string[][] pairs = [["why is the sky blue", "air scatters light"], ["light", "why"], ["why", "light"]];

        var output = Parse(await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":{{JsonSerializer.Serialize(pairs)}}}"""));

        for (var row = 0; row < pairs.Length; row++)
        {
            var (ids, second) = _tokenizer.EncodePair(pairs[row][0], pairs[row][1], int.MaxValue);
            AssertScores(TinyClassifier.ScoresOf(ids, second), output, row);
        }
    }

    [Fact]
    public async Task RunAsync_TopN_GivesTheBestOnly()
    {
        var all = Parse(await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":"blue"}"""));
        var best = Parse(await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":"blue","top_n":1}"""));

        Assert.Equal(1, best.ScoresPerRow);
        Assert.Equal(all.ScoreOf(0, 0), best.ScoreOf(0, 0));
    }

    [Theory]
    [InlineData("\"LONG\"", "input")]
    [InlineData("[\"a\",\"LONG\"]", "input[1]")]
    [InlineData("[[\"a\",\"LONG\"]]", "input[0]")]
    public async Task RunAsync_OverTheLimitOfTokens_IsRefusedUnlessItIsCut(string input, string param)
    {
        var text = input.Replace("LONG", string.Join(' ', Enumerable.Repeat("day", 100)), StringComparison.Ordinal);

        var refused = await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":{{text}}}""");
        var cut = await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":{{text}},"truncate":true}""");

        Assert.Equal((InferenceErrorKind.ContextLengthExceeded, param), (refused.Error!.Kind, refused.Error.Param));
        Assert.InRange(Parse(cut).PromptTokens, TinyClassifier.MaxTokens, TinyClassifier.MaxTokens + 3);
    }

    [Theory]
    [InlineData("\"LONG\"")]
    [InlineData("[[\"LONG\",\"a\"]]")]
    [InlineData("[[\"a\",\"LONG\"]]")]
    public async Task RunAsync_FarTooLong_CountsSomeOfItsTokens(string input)
    {
        var text = input.Replace("LONG", string.Join(' ', Enumerable.Repeat("day", 1_000_000)), StringComparison.Ordinal);

        var body = $$"""{"model":"{{TinyClassifier.Name}}","input":{{text}}}""";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var running = RunAsync(body);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var refused = await running;

        // Its bytes and its characters; its tokens would be as much again.
        Assert.InRange(allocated, 0, 4 * body.Length);
        Assert.Contains($"has more than {4 * TinyClassifier.MaxTokens} tokens", refused.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_MoreLabelsThanThereAre_SaysBothNumbers()
    {
        var outcome = await RunAsync($$"""{"model":"{{TinyClassifier.Name}}","input":"a","top_n":4}""");

        Assert.Equal((InferenceErrorKind.InvalidRequest, "top_n"), (outcome.Error!.Kind, outcome.Error.Param));
    }

    [Theory]
    [InlineData("""{"model":"m"}""", "input")]
    [InlineData("""{"model":"m","input":[]}""", "input")]
    [InlineData("""{"model":"m","input":[["a"]]}""", "input[0]")]
    [InlineData("""{"model":"m","input":[["a","b","c"]]}""", "input[0]")]
    [InlineData("""{"model":"m","input":[["a","b"],"c"]}""", "input[1]")]
    [InlineData("""{"model":"m","input":["a",["b","c"]]}""", "input[1]")]
    [InlineData("""{"model":"m","input":["a",""]}""", "input[1]")]
    [InlineData("""{"model":"m","input":7}""", "input")]
    [InlineData("""{"model":"m","input":"a","top_n":0}""", "top_n")]
    [InlineData("""{"model":"m","input":"a","truncate":"no"}""", "truncate")]
    public void Parse_WrongRequest_NamesTheField(string body, string param) =>
        Assert.Equal(param, ClassificationRequestParser.Parse(Encoding.UTF8.GetBytes(body)).Error!.Param);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(30)]
    public void Parse_StoredBytesThatAreDamaged_AreRefused(int length)
    {
        var content = ClassificationOutput.Create(["a", "b"], 1, 2, 3);
        ClassificationOutput.Write(content, 0, 0, 7, 1);

        Assert.Throws<FormatException>(() => ClassificationOutput.Parse(content));
        Assert.Throws<FormatException>(() => ClassificationOutput.Parse(content.AsMemory(0, length)));
    }

    public void Dispose()
    {
        foreach (var model in _models.Loaded) model.Stop();
        _classifier.Dispose();
    }

    private Task<JobOutcome> RunAsync(string body) => _sut.RunAsync(
        new LeasedJob
        {
            Id = JobId.New(QueueName.ForModel(TinyClassifier.Name), TimeProvider.System.GetUtcNow()),
            Attempt = 1,
            Endpoint = ClassificationTask.Endpoint,
            Model = TinyClassifier.Name,
            Body = Encoding.UTF8.GetBytes(body),
            TimeLeft = TimeSpan.FromMinutes(1),
            Waited = TimeSpan.Zero,
        },
        CancellationToken.None);

    private static void AssertScores(float[] expected, ClassificationOutput output, int row)
    {
        for (var place = 0; place < output.ScoresPerRow; place++)
        {
            var (label, score) = output.ScoreOf(row, place);
            Assert.InRange(score - expected[label], -Same, Same);
            if (place > 0) Assert.True(score <= output.ScoreOf(row, place - 1).Score);
        }
    }

    private static ClassificationOutput Parse(JobOutcome outcome)
    {
        Assert.Null(outcome.Error);
        Assert.Equal(ClassificationOutput.ContentType, outcome.Output!.ContentType);
        return ClassificationOutput.Parse(outcome.Output.Content);
    }
}
