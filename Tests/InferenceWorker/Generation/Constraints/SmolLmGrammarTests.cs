using System.Text;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Constraints;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.Tests.Gateway.StructuredOutput;
using AiPlatform.Tests.Grammars;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Constraints;

/// <summary>The shipped chat model writes JSON for the reference's schemas: it fits always, whatever is drawn.</summary>
public sealed class SmolLmGrammarTests
{
    /// <summary>Kernels differ between one row and several: a choice that is this clear must be the same.</summary>
    private const double ClearMargin = 0.5;

    private const int MaxTokens = 512;

    private static readonly Lazy<ChatTokenizer> Tokenizer = new(() => ChatTokenizer.Load(SmolLm.Folder));

    private static readonly Lazy<Vocabulary> Tokens = new(() => OpenedChat.ArrangeTokens(Tokenizer.Value, [2]));

    private static string[] Names { get; } = [.. JsonSchemaGrammarTests.ReferenceSchemas.Select(row => row.Data)];

    [Fact]
    public Task Generate_SchemasOfTheReference_AnswersFit() => GenerateAsync(seeds: 1, leastEnds: 36);

    [Fact]
    [Trait("Category", "Long")]
    public Task Generate_SchemasOfTheReferenceWithManySeeds_AnswersFit() => GenerateAsync(seeds: 5, leastEnds: 180);

    [Fact]
    public async Task Generate_EightSchemasAtOnce_GiveWhatEachGivesAlone()
    {
        SmolLm.SkipUnlessThere();
        string[] names = ["sentiment", "person", "tuple", "numbers", "one-of", "patterns", "nullable", "map"];
        var alone = Engines.Start(SmolLm.Open());
        List<KeptText> expected = [];
        foreach (var name in names)
        {
            expected.Add(alone.Submit(Row(name, new TokenMasks(GrammarOf(name), Tokens.Value), 0, Greedy, most: 32)));
            await expected[^1].End;
        }

        await alone.StopAsync();
        var sut = Engines.Start(SmolLm.Open(), new GenerationOptions { MaxRows = 8 });

        var texts = names.Select(
            name => sut.Submit(Row(name, new TokenMasks(GrammarOf(name), Tokens.Value), 0, Greedy, most: 32))).ToList();
        foreach (var text in texts) await text.End;
        await sut.StopAsync();

        for (var i = 0; i < names.Length; i++)
        {
            var same = expected[i].Tokens.Zip(texts[i].Tokens).TakeWhile(pair => pair.First == pair.Second).Count();
            if (same == expected[i].Count && same == texts[i].Count) continue;
            Assert.True(same < expected[i].Count && same < texts[i].Count, names[i]);
            // They part only where two tokens were about equally likely.
            Assert.InRange(Math.Abs(expected[i].LogProbabilities[same] - texts[i].LogProbabilities[same]), 0, ClearMargin);
        }
    }

    private static SamplingSettings Greedy { get; } = SamplingSettings.Greedy with { LogProbabilities = true };

    private static async Task GenerateAsync(int seeds, int leastEnds)
    {
        SmolLm.SkipUnlessThere();
        Assert.Equal(39, Names.Length);
        var sut = Engines.Start(SmolLm.Open(), new GenerationOptions { MaxRows = 16 });
        var masks = Names.ToDictionary(name => name, name => new TokenMasks(GrammarOf(name), Tokens.Value));

        var rows = Names.SelectMany(name => Enumerable.Range(0, seeds).Select(seed =>
            (Name: name, Text: sut.Submit(Row(name, masks[name], seed, new SamplingSettings { Seed = (ulong)seed }, MaxTokens))))).ToList();
        var ended = 0;
        foreach (var (name, text) in rows)
        {
            var end = await text.EndWithin(TimeSpan.FromMinutes(20));
            byte[] bytes = [.. text.Tokens.SelectMany(token => Tokens.Value.BytesOf(token).ToArray())];
            if (end.Finish == GenerationFinish.Stop)
            {
                ended++;
                AssertFits(name, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
                continue;
            }

            // What was cut is the beginning of a text that fits.
            Assert.Equal(GenerationFinish.Length, end.Finish);
            Assert.NotNull(masks[name].Grammar.Step(masks[name].Grammar.Start, bytes));
        }

        await sut.StopAsync();
        Assert.Equal(0, sut.Counters.DeadEnds);
        Assert.True(ended >= leastEnds, $"{ended} of {rows.Count} have ended by themselves");
    }

    private static void AssertFits(string name, string text)
    {
        var schema = Encoding.UTF8.GetBytes(SchemaOf(name));
        Assert.True(AnswerSchema.TryCompile(schema, assertFormats: true, out var ours, out var error), error?.Message);
        Assert.True(ours.Check(text).Count == 0, $"{name}: {text}: {string.Join(' ', ours.Check(text))}");
        Assert.True(Oracle.Fits(Json.Schema.JsonSchema.FromText(SchemaOf(name)), text), $"{name}: {text}");
    }

    private static string SchemaOf(string name) =>
        File.ReadAllText(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas", $"{name}.json"));

    private static Grammar GrammarOf(string name) => Grammar.OfJsonSchema(SchemaOf(name));

    private static GenerationRequest Row(string name, TokenMasks masks, int seed, SamplingSettings sampling, int most) => new()
    {
        Prompt = Tokenizer.Value.EncodeWithControl(
            $"<|im_start|>user\nGive me an example of {name.Replace('-', ' ')} in JSON, number {seed}.<|im_end|>\n<|im_start|>assistant\n"),
        MaxNewTokens = most,
        Sampling = sampling,
        Constraint = new GrammarConstraint(masks),
    };
}
