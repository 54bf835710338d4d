using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation;

/// <summary>The shipped chat model in the engine must generate the tokens of a bare loop, and those of the reference.</summary>
public sealed class SmolLmTests
{
    /// <summary>Kernels differ between processors: a choice that is this clear must be the same on all.</summary>
    internal const double ClearMargin = 0.5;

    [Fact]
    public async Task Generate_OneRowAtATime_IsTheTextOfABareLoop()
    {
        SmolLm.SkipUnlessThere();
        using var session = SmolLm.BareSession();
        var sut = Engines.Start(SmolLm.Open(), new GenerationOptions { PrefillChunkTokens = 1_024 });

        foreach (var (prompt, _, _) in SmolLm.Reference.Take(4))
        {
            var text = sut.Submit(Greedy(prompt, 48));
            await text.End;

            Assert.Equal(SmolLm.BareLoop(session, prompt, 48).Select(one => one.Token), text.Tokens);
        }

        await sut.StopAsync();
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(8, 16)]
    public Task Generate_ReferenceTokensFedIn_ChoosesAsTheReferenceWhereItIsClear(int rows, int texts) => CompareAsync(rows, texts);

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(1)]
    [InlineData(8)]
    public Task Generate_AllOfTheReferenceFedIn_ChoosesAsTheReferenceWhereItIsClear(int rows) =>
        CompareAsync(rows, SmolLm.Reference.Count);

    [Fact]
    public async Task Generate_ChunksAndPrefixes_GiveTheTextOfOneRun()
    {
        SmolLm.SkipUnlessThere();
        var (prompt, _, _) = SmolLm.Reference.MaxBy(one => one.Prompt.Length);
        var whole = Engines.Start(SmolLm.Open(), new GenerationOptions { PrefillChunkTokens = 8_192 });
        var expected = whole.Submit(Greedy(prompt, 24));
        await expected.End;
        await whole.StopAsync();
        var sut = Engines.Start(SmolLm.Open());

        var chunked = sut.Submit(Greedy(prompt, 24) with { PrefixScope = "tenant" });
        await chunked.End;
        var cached = sut.Submit(Greedy(prompt, 24) with { PrefixScope = "tenant" });
        var end = await cached.End;
        await sut.StopAsync();

        Assert.Equal(expected.Tokens, chunked.Tokens);
        Assert.Equal(expected.Tokens, cached.Tokens);
        Assert.Equal(prompt.Length - 2, end.CachedTokens);
    }

    /// <summary>The file for CUDA computes in fp16, which rounds more than the reference. The CPU runs it, too.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task Generate_FileForCudaOnTheCpu_ChoosesAsTheReferenceWhereItIsVeryClear()
    {
        SmolLm.SkipUnlessThere();
        var device = new SimulatedDevice();

        Assert.Empty(await WrongStepsAsync(SmolLm.OpenCudaFile(device.Place), rows: 4, texts: 4, 2 * ClearMargin));
    }

    /// <summary>The steps at which a decoder's likeliest token is not the reference's, although the reference's choice is clear.</summary>
    internal static async Task<List<(int Text, int Step)>> WrongStepsAsync(IDecoder decoder, int rows, int texts, double margin)
    {
        var compared = SmolLm.Reference.Take(texts).ToList();
        var found = await FeedAsync(decoder, rows, compared);
        return
        [
            .. Enumerable.Range(0, texts).SelectMany(text => Enumerable.Range(0, compared[text].Output.Length)
                .Where(step => compared[text].Margins[step] >= margin && found[text].Top[step][0].Token != compared[text].Output[step])
                .Select(step => (text, step))),
        ];
    }

    private static async Task CompareAsync(int rows, int texts)
    {
        SmolLm.SkipUnlessThere();
        var compared = SmolLm.Reference.Take(texts).ToList();

        var found = await FeedAsync(SmolLm.Open(), rows, compared);

        for (var i = 0; i < texts; i++)
        {
            var (prompt, output, margins) = compared[i];
            var wrong = Enumerable.Range(0, output.Length)
                .Where(place => margins[place] >= ClearMargin && found[i].Top[place][0].Token != output[place]).ToList();
            if (wrong.Count == 0) continue;

            // The reference comes from another processor. If a bare loop on this processor differs from it, the engine must agree with the
            // loop; and where the loop's choice is not clear on this processor, rounding in a batch may decide.
            using var session = SmolLm.BareSession();
            var bare = SmolLm.BareLoop(session, prompt, output.Length, output);
            Assert.All(
                wrong.Where(place => bare[place].Margin >= ClearMargin),
                place => Assert.Equal(bare[place].Token, found[i].Top[place][0].Token));
            Assert.True(wrong.Count <= 2, $"{wrong.Count} clear steps of one text differ from the reference");
        }
    }

    /// <summary>Feeds the reference's tokens in, and returns the rows with the likeliest token of each step.</summary>
    private static async Task<List<KeptText>> FeedAsync(
        IDecoder decoder, int rows, IReadOnlyList<(int[] Prompt, int[] Output, double[] Margins)> compared)
    {
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = rows });
        // A constraint forces the reference's tokens, and the likeliest token is reported with each.
        var found = compared.Select(one => sut.Submit(
            Greedy(one.Prompt, one.Output.Length) with
            {
                Sampling = SamplingSettings.Greedy with { IgnoreEnd = true, LogProbabilities = true, TopLogProbabilities = 1 },
                Constraint = new Script(one.Output),
            })).ToList();
        foreach (var text in found) Assert.Equal(GenerationFinish.Length, (await text.End).Finish);
        await sut.StopAsync();
        return found;
    }

    private static GenerationRequest Greedy(int[] prompt, int most) => new()
    {
        Prompt = prompt,
        MaxNewTokens = most,
        Sampling = SamplingSettings.Greedy with { IgnoreEnd = true },
    };

    /// <summary>Allows the given tokens only, one after the other.</summary>
    private sealed class Script(int[] tokens) : ITokenConstraint
    {
        private readonly ulong[] _mask = new ulong[49_152 / 64];
        private int _place;

        public ReadOnlySpan<ulong> Mask
        {
            get
            {
                Array.Clear(_mask);
                _mask[tokens[_place] / 64] = 1UL << tokens[_place];
                return _mask;
            }
        }

        public void Accept(int token) => _place++;
    }
}
