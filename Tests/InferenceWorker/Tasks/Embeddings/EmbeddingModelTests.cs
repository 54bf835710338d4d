using System.Text;
using System.Text.Json;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using AiPlatform.Tests.InferenceWorker.Text;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Embeddings;

public sealed class EmbeddingModelTests(MiniLm model) : IClassFixture<MiniLm>
{
    [Fact]
    public async Task RunAsync_ReferenceTexts_GivesTheirVectorsAndTokens()
    {
        var texts = ReferenceEmbeddings.All;

        var outcome = await model.RunAsync(Body(texts.Select(one => one.Text), "\"truncate\":true"));

        var output = Parse(outcome);
        Assert.Equal(texts.Count, output.Rows);
        for (var i = 0; i < texts.Count; i++)
            Assert.InRange(ReferenceEmbeddings.LargestDifference(output.Row(i), texts[i].Vector), 0, ReferenceEmbeddings.Tolerance);
        var tokens = texts.Sum(one => one.Tokens);
        Assert.Equal(tokens, output.PromptTokens);
        Assert.Equal($$"""{"prompt_tokens":{{tokens}},"total_tokens":{{tokens}}}""", outcome.Usage);
    }

    [Theory]
    [InlineData(254, true)]
    [InlineData(255, false)]
    public async Task RunAsync_AtTheLimitOfTokens_SpecialTokensCount(int words, bool accepted)
    {
        var text = string.Join(' ', Enumerable.Repeat("day", words));

        var outcome = await model.RunAsync(Body(["short", text]));

        if (accepted)
        {
            Assert.Equal(3 + 256, Parse(outcome).PromptTokens);
            return;
        }

        Assert.Equal(InferenceErrorKind.ContextLengthExceeded, outcome.Error!.Kind);
        Assert.Equal("input[1]", outcome.Error.Param);
        Assert.Contains("has 257 tokens; 'all-minilm-l6-v2' takes at most 256", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("'truncate'", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_022, "has 1024 tokens")]
    [InlineData(1_000_000, "has more than 1024 tokens")]
    public async Task RunAsync_FarTooLong_CountsSomeOfItsTokens(int words, string said)
    {
        var outcome = await model.RunAsync(Body([string.Join(' ', Enumerable.Repeat("day", words))]));

        Assert.Contains($"'input[0]' {said}; 'all-minilm-l6-v2' takes at most 256", outcome.Error!.Message, StringComparison.Ordinal);
    }

    /// <summary>Megabytes of a text that is refused, or cut, are not turned into tokens.</summary>
    [Theory]
    [InlineData("\"truncate\":false")]
    [InlineData("\"truncate\":true")]
    public void Tokenize_FarTooLong_TakesNoMemoryForIt(string more)
    {
        var (content, tokenizer) = (new EmbeddingContent(), TokenizerReference.MiniLm);
        var body = Body([string.Join(' ', Enumerable.Repeat("day", 1_000_000))], more);
        var call = EmbeddingRequestParser.Parse(Encoding.UTF8.GetBytes(body), content).Call!;
        EmbeddingInputs.Tokenize(call, content, Manifests.Shipped, tokenizer, CancellationToken.None);

        var before = GC.GetAllocatedBytesForCurrentThread();
        EmbeddingInputs.Tokenize(call, content, Manifests.Shipped, tokenizer, CancellationToken.None);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [Theory]
    [InlineData("and more")]
    [InlineData(null)]
    public async Task RunAsync_TruncateOverTheLimit_EqualsTheTextThatFits(string? more)
    {
        var fits = string.Join(' ', Enumerable.Repeat("day", 254));
        more ??= string.Join(' ', Enumerable.Repeat("night", 500_000));

        var cut = Parse(await model.RunAsync(Body([$"{fits} {more}", fits], "\"truncate\":true")));

        Assert.InRange(ReferenceEmbeddings.LargestDifference(cut.Row(0), cut.Row(1)), 0, 1e-4f);
        Assert.Equal(512, cut.PromptTokens);
    }

    [Fact]
    public async Task RunAsync_TokenArrays_EqualTheirText()
    {
        const string Text = "The quick brown fox jumps over the lazy dog.";
        var plain = model.Tokenizer.Encode(Text)[1..^1];

        var text = Parse(await model.RunAsync(Body([Text])));
        var tokens = Parse(await model.RunAsync($$"""{"model":"all-minilm-l6-v2","input":{{JsonSerializer.Serialize(plain)}}}"""));
        var arrays = Parse(await model.RunAsync($$"""{"model":"all-minilm-l6-v2","input":[{{JsonSerializer.Serialize(plain)}}]}"""));

        Assert.Equal(text.PromptTokens, tokens.PromptTokens);
        Assert.InRange(ReferenceEmbeddings.LargestDifference(text.Row(0), tokens.Row(0)), 0, 1e-4f);
        Assert.InRange(ReferenceEmbeddings.LargestDifference(text.Row(0), arrays.Row(0)), 0, 1e-4f);
    }

    [Theory]
    [InlineData("[1,30522]", "input[1]", "30522")]
    [InlineData("[[5],[7,2147483647]]", "input[1][1]", "2147483647")]
    public async Task RunAsync_TokenOutsideTheVocabulary_NamesIndexAndRange(string input, string param, string id)
    {
        var outcome = await model.RunAsync($$"""{"model":"all-minilm-l6-v2","input":{{input}}}""");

        Assert.Equal((InferenceErrorKind.InvalidRequest, param), (outcome.Error!.Kind, outcome.Error.Param));
        Assert.Contains($"is {id}; the token ids of 'all-minilm-l6-v2' are 0 to 30521", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Contains("another model's tokenizer", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_FewerDimensions_CutsAndRenormalises()
    {
        var full = Parse(await model.RunAsync(Body(["some text"])));
        var cut = Parse(await model.RunAsync(Body(["some text"], "\"dimensions\":64,\"encoding_format\":\"base64\"")));

        var expected = full.Row(0)[..64].ToArray();
        var norm = MathF.Sqrt(expected.Sum(x => x * x));
        Assert.Equal((64, EmbeddingFormat.Base64), (cut.Dimensions, cut.Format));
        Assert.InRange(ReferenceEmbeddings.LargestDifference(cut.Row(0), Array.ConvertAll(expected, x => x / norm)), 0, 1e-4f);
    }

    [Fact]
    public async Task RunAsync_MoreDimensions_SaysBothNumbers()
    {
        var outcome = await model.RunAsync(Body(["a"], "\"dimensions\":385"));

        Assert.Equal((InferenceErrorKind.InvalidRequest, "dimensions"), (outcome.Error!.Kind, outcome.Error.Param));
        Assert.Contains("'dimensions' is 385; the vectors of 'all-minilm-l6-v2' have 384", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_TooManyTokensTogether_SaysHowManyItTakes()
    {
        var long256 = string.Join(' ', Enumerable.Repeat("day", 254));

        var outcome = await model.RunAsync(Body(Enumerable.Repeat(long256, 1_200)));

        Assert.Equal((InferenceErrorKind.InvalidRequest, "input"), (outcome.Error!.Kind, outcome.Error.Param));
        Assert.Contains("more than 300000 tokens together", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_BrokenBody_IsAFailedJob() =>
        Assert.Equal(InferenceErrorKind.InvalidRequest, (await model.RunAsync("{")).Error!.Kind);

    [Fact]
    public async Task RunAsync_ModelThatIsNotServed_SaysSo() =>
        Assert.Equal(InferenceErrorKind.ModelNotFound, (await model.RunAsync(Body(["a"]), "other")).Error!.Kind);

    private static string Body(IEnumerable<string> input, string more = "\"user\":\"u\"") =>
        $$"""{"model":"all-minilm-l6-v2","input":{{JsonSerializer.Serialize(input)}},{{more}}}""";

    private static EmbeddingOutput Parse(JobOutcome outcome)
    {
        Assert.Null(outcome.Error);
        Assert.Equal(EmbeddingOutput.ContentType, outcome.Output!.ContentType);
        return EmbeddingOutput.Parse(outcome.Output.Content);
    }
}
