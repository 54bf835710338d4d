using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Microsoft.ML.OnnxRuntime;
using Xunit;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.Tests.InferenceWorker.Generation;

/// <summary>The shipped chat model in the engine: it must give what a bare loop gives, and what the reference says.</summary>
public sealed class SmolLmTests
{
    /// <summary>Kernels differ between processors: a choice that is this clear must be the same on all.</summary>
    private const double ClearMargin = 0.5;

    [Fact]
    public async Task Generate_OneRowAtATime_IsTheTextOfABareLoop()
    {
        SmolLm.SkipUnlessThere();
        using var settings = new SessionOptions { IntraOpNumThreads = SmolLm.Threads.Count };
        using var session = new InferenceSession(Path.Combine(SmolLm.Folder, "model.onnx"), settings);
        var sut = Engines.Start(SmolLm.Open(), new GenerationOptions { PrefillChunkTokens = 1_024 });

        foreach (var (prompt, _, _) in SmolLm.Reference.Take(4))
        {
            var text = sut.Submit(Greedy(prompt, 48));
            await text.End;

            Assert.Equal(SmolLm.BareLoop(session, prompt, 48), text.Tokens);
        }

        await sut.StopAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Generate_ReferenceTokensFedIn_ChoosesAsTheReferenceWhereItIsClear(int rows)
    {
        SmolLm.SkipUnlessThere();
        var sut = Engines.Start(SmolLm.Open(), new GenerationOptions { MaxRows = rows });
        var (wrong, clear) = (0, 0);
        List<Task> ends = [];
        foreach (var (prompt, output, margins) in SmolLm.Reference.Take(34))
        {
            // A constraint feeds the reference's own tokens, and the likeliest one is told beside each.
            var text = sut.Submit(
                Greedy(prompt, output.Length) with
                {
                    Sampling = SamplingSettings.Greedy with { IgnoreEnd = true, LogProbabilities = true, TopLogProbabilities = 1 },
                    Constraint = new Script(output),
                },
                text =>
                {
                    var place = text.Count - 1;
                    if (margins[place] < ClearMargin) return true;
                    clear++;
                    if (text.Top[place][0].Token != output[place])
                    {
                        wrong++;
                        File.AppendAllText("/tmp/engine-bench/wrong.txt", $"rows {rows} prompt {prompt.Length} first {prompt[^10]} {output[0]} place {place} margin {margins[place]} top {text.Top[place][0]} own {text.LogProbabilities[place]}\n");
                    }

                    return true;
                });
            ends.Add(text.End);
        }

        await Task.WhenAll(ends);
        await sut.StopAsync();

        Assert.Equal(0, wrong);
        Assert.True(rows == 1 ? clear > 200 : clear == 1_713, $"{clear} steps are clear");
    }

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

    private static GenerationRequest Greedy(int[] prompt, int most) => new()
    {
        Prompt = prompt, MaxNewTokens = most, Sampling = SamplingSettings.Greedy with { IgnoreEnd = true },
    };

    /// <summary>Allows one token after the other.</summary>
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
