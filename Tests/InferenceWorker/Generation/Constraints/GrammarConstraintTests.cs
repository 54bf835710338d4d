using System.Text;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Constraints;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Constraints;

/// <summary>Rows with grammars in the engine. Its tokens are the printable characters, and the text is arbitrary.</summary>
public sealed class GrammarConstraintTests
{
    private static readonly string[] Grammars =
    [
        """{"type":"object","properties":{"name":{"type":"string","maxLength":20},"n":{"type":"integer"}},"required":["name","n"]}""",
        """{"type":"array","items":{"type":"boolean"},"minItems":3,"maxItems":9}""",
        """{"enum":["red","green","blue"]}""",
        """{"type":"string","pattern":"^[a-f]{4}(-[0-9]{2}){2,5}$"}""",
        """{"type":"number","minimum":-5,"maximum":5}""",
        """{"type":"object","additionalProperties":{"type":"integer","maximum":9,"minimum":0},"maxProperties":6}""",
        """
        {"$defs":{"n":{"type":["object","null"],"properties":{"next":{"$ref":"#/$defs/n"}},"required":["next"],"additionalProperties":false}},
        "$ref":"#/$defs/n"}
        """,
        """{"type":"string","format":"date-time"}""",
    ];

    /// <summary>Tokens of the fake decoder, without those that break it.</summary>
    private static readonly Vocabulary Tokens = new(
        [.. Enumerable.Range(0, FakeDecoder.BreakingToken).Select(token => new[] { (byte)(' ' + token) }), null, null, null],
        [FakeDecoder.EndToken]);

    /// <summary>The same tokens with a tokenizer, so that forced text is not chosen.</summary>
    private static readonly Vocabulary ForcingTokens = new(
        [.. Enumerable.Range(0, FakeDecoder.BreakingToken).Select(token => new[] { (byte)(' ' + token) }), null, null, null],
        [FakeDecoder.EndToken], text => [.. text.Select(one => one - ' ')]);

    /// <summary>Each token is a character, so the text is the same; only runs are saved.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Submit_ForcedText_IsTheSameInFewerRuns(int rows)
    {
        const string Schema = """
            {"type":"object","properties":{"a long name of a property":{"enum":["one of the values","another one"]},"n":{"type":"integer"},
            "constant":{"const":{"k":[1,2,3,"a long text that is always there"]}}},"required":["a long name of a property","n","constant"],
            "additionalProperties":false}
            """;
        var grammar = Grammar.OfJsonSchema(Schema);
        List<(string Text, GenerationEnd End)>[] found = [[], []];
        int[] runs = [0, 0];
        for (var forces = 0; forces < 2; forces++)
        {
            var decoder = new FakeDecoder();
            var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = rows, PrefillChunkTokens = 16 });
            var texts = Enumerable.Range(0, 16).Select(i => sut.Submit(Row(grammar, i, most: 60 + (20 * i), forces: forces == 1))).ToList();
            foreach (var text in texts)
            {
                var end = await text.End;
                found[forces].Add((TextOf(text), end with { CachedTokens = 0 }));
                Assert.Equal(Enumerable.Range(0, text.Count), text.Positions);
            }

            await sut.StopAsync();
            runs[forces] = decoder.Runs.Count;
            Assert.Equal(forces == 1, sut.Counters.ForcedTokens > 0);
            Assert.Equal(0, sut.Counters.DeadEnds);
        }

        Assert.Equal(found[0], found[1]);
        Assert.Contains(found[0], one => one.End.Finish == GenerationFinish.Stop);
        Assert.Contains(found[0], one => one.End.Finish == GenerationFinish.Length);
        Assert.True(runs[1] < (rows == 1 ? runs[0] / 2 : runs[0]), $"{runs[1]} runs instead of {runs[0]}");
    }

    [Fact]
    public async Task Submit_AllOfTheTextIsForced_NeedsNoRun()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder);

        var text = sut.Submit(Row(Grammar.OfRegex("always the same"), 1, most: 50, forces: true));
        var cut = sut.Submit(Row(Grammar.OfRegex("always the same"), 1, most: 10, forces: true));
        var end = await text.End;
        var endOfCut = await cut.End;
        await sut.StopAsync();

        Assert.Equal(("always the same", GenerationFinish.Stop), (TextOf(text), end.Finish));
        Assert.Equal(("always the", GenerationFinish.Length), (TextOf(cut), endOfCut.Finish));
        Assert.Empty(decoder.Runs);
    }

    [Fact]
    public async Task Submit_OnlyTheEndCanFollow_EndsWithoutAnotherRun()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder);

        var text = sut.Submit(Row(Grammar.OfRegex("abc"), 1, most: 20));
        var atLimit = sut.Submit(Row(Grammar.OfRegex("abc"), 1, most: 3));
        var end = await text.End;
        var endAtLimit = await atLimit.End;
        var before = decoder.Runs.Count;
        var nothing = await sut.Submit(Row(Grammar.OfRegex("a?"), 1, most: 20, written: "a")).End;
        await sut.StopAsync();

        Assert.Equal("abc", TextOf(text));
        Assert.Equal((GenerationFinish.Stop, null, 3), (end.Finish, end.EndToken, end.GeneratedTokens));
        Assert.Equal((GenerationFinish.Stop, null), (endAtLimit.Finish, endAtLimit.EndToken));
        Assert.Equal((GenerationFinish.Stop, 1), (nothing.Finish, nothing.GeneratedTokens));
        Assert.Equal(before, decoder.Runs.Count);
    }

    [Fact]
    public async Task Submit_EndIsIgnored_TextGoesOnWhereItCan()
    {
        var sut = Engines.Start(new FakeDecoder());
        var letters = Grammar.OfRegex("[a-d]*");

        var texts = Enumerable.Range(0, 20).Select(i => sut.Submit(Row(letters, i, most: 200, ignoresEnd: true))).ToList();
        var complete = sut.Submit(Row(Grammar.OfRegex("[a-d]{0,5}"), 1, most: 200, ignoresEnd: true));
        var mayEnd = Enumerable.Range(0, 20).Select(i => sut.Submit(Row(letters, i, most: 200))).ToList();

        foreach (var text in texts)
        {
            Assert.Equal((GenerationFinish.Length, 200), ((await text.End).Finish, text.Count));
            Assert.Matches("^[a-d]{200}$", TextOf(text));
        }

        Assert.Equal((GenerationFinish.Stop, 5), ((await complete.End).Finish, complete.Count));
        var ends = await Task.WhenAll(mayEnd.Select(text => text.End));
        Assert.Contains(ends, end => end is { Finish: GenerationFinish.Stop, EndToken: FakeDecoder.EndToken });
        await sut.StopAsync();
    }

    /// <summary>Rows with different grammars, which are preempted again and again, have the texts that they have alone.</summary>
    [Theory]
    [InlineData(1_024)]
    [InlineData(1)]
    public async Task Submit_RowsOfDifferentGrammars_EachGetsTheTextThatItHasAlone(int memoryMiB)
    {
        // One MiB has room for 256 positions.
        var decoder = new FakeDecoder { Shape = new FakeDecoder().Shape with { Layers = 256 } };
        var grammars = Grammars.Select(schema => Grammar.OfJsonSchema(schema)).ToList();
        List<string> alone = [];
        var single = Engines.Start(new FakeDecoder());
        for (var i = 0; i < 24; i++)
        {
            var text = single.Submit(Row(Grammar.OfJsonSchema(Grammars[i % 8]), i, most: 120, forces: i % 2 == 1));
            await text.End;
            alone.Add(TextOf(text));
        }

        await single.StopAsync();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 16, MemoryMiB = memoryMiB, ReservedTokens = 8 });

        var texts = Enumerable.Range(0, 24).Select(i => sut.Submit(Row(grammars[i % 8], i, most: 120, forces: i % 3 == 1))).ToList();

        for (var i = 0; i < 24; i++)
        {
            var end = await texts[i].End;
            Assert.Equal(alone[i], TextOf(texts[i]));
            var state = grammars[i % 8].Step(grammars[i % 8].Start, Encoding.UTF8.GetBytes(alone[i]));
            Assert.NotNull(state);
            if (end.Finish == GenerationFinish.Stop) Assert.True(state.AcceptsEnd);
            else Assert.Equal((GenerationFinish.Length, 120), (end.Finish, texts[i].Count));
        }

        await sut.StopAsync();
        Assert.Equal(0, sut.Counters.DeadEnds);
        Assert.Equal(memoryMiB == 1, sut.Counters.Preemptions > 0);
    }

    [Fact]
    public async Task Submit_TextThatAnotherEngineHasBegun_GoesOnAsItWouldHave()
    {
        var sut = Engines.Start(new FakeDecoder());
        for (var i = 0; i < 8; i++)
        {
            var grammar = Grammar.OfJsonSchema(Grammars[i]);
            var whole = sut.Submit(Row(grammar, i, most: 80, forces: i % 2 == 1));
            await whole.End;
            for (var said = 1; said <= whole.Count; said += 1 + (said / 2))
            {
                var rest = sut.Submit(Row(grammar, i, most: 80, written: TextOf(whole)[..said], forces: i % 2 == 1));
                var end = await rest.End;

                Assert.Equal(TextOf(whole)[said..], TextOf(rest));
                Assert.Equal((await whole.End).Finish, end.Finish);
            }
        }

        await sut.StopAsync();
    }

    [Fact]
    public void Constructor_TextOfAnotherGrammar_IsRefused()
    {
        var masks = new TokenMasks(Grammar.OfRegex("abc"), Tokens);

        Assert.Throws<TokenConstraintException>(() => new GrammarConstraint(masks, tokens: [.. "ax".Select(one => one - ' ')]));
    }

    [Fact]
    public async Task Submit_GrammarThatIsTooAmbiguous_OnlyItsRowIsRefused()
    {
        var sut = Engines.Start(new FakeDecoder());
        // Each letter may be in any of the rules.
        var rules = "start: (" + string.Join(" | ", Enumerable.Range(0, 60).Select(i => $"r{i}")) + ")\n"
            + string.Concat(Enumerable.Range(0, 60).Select(
                i => $"r{i}: /[a-z]/ r{((i * 7) + 1) % 60} | /[a-y]/ r{((i * 11) + 3) % 60} | /[a-z]/\n"));
        var grammar = Grammar.OfRules(rules, GrammarLimits.Default with { MaxMaskSteps = 2_000 });

        var other = sut.Submit(Row(Grammar.OfRegex("[a-d]*"), 2, most: 300, ignoresEnd: true));
        var refused = sut.Submit(Row(grammar, 1, most: 300));

        var end = await refused.End;
        Assert.Equal(GenerationFinish.Refused, end.Finish);
        Assert.Contains("too ambiguous", end.Problem, StringComparison.Ordinal);
        Assert.Equal((GenerationFinish.Length, 300), ((await other.End).Finish, other.Count));
        Assert.Equal(0, sut.Counters.DeadEnds);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_MaskWithoutTokens_IsAnErrorThatIsCounted()
    {
        var sut = Engines.Start(new FakeDecoder());

        var end = await sut.Submit(Engines.Greedy(Engines.Prompt(1, 20), 20) with { Constraint = new DeadEnd() }).End;
        await sut.StopAsync();

        Assert.Equal(GenerationFinish.Failed, end.Finish);
        Assert.Contains("no token that could come next", end.Problem, StringComparison.Ordinal);
        Assert.Equal(1, sut.Counters.DeadEnds);
    }

    private static GenerationRequest Row(
        Grammar grammar, int seed, int most, bool ignoresEnd = false, string written = "", bool forces = false)
    {
        int[] tokens = [.. written.Select(one => one - ' ')];
        return new GenerationRequest
        {
            Prompt = Engines.Prompt(seed, 10 + seed),
            Generated = tokens,
            MaxNewTokens = most,
            Sampling = new SamplingSettings { Seed = (ulong)seed, IgnoreEnd = ignoresEnd },
            Constraint = new GrammarConstraint(new TokenMasks(grammar, forces ? ForcingTokens : Tokens), ignoresEnd, tokens),
        };
    }

    private static string TextOf(KeptText text) => string.Concat(text.Tokens.Select(token => (char)(' ' + token)));

    private sealed class DeadEnd : ITokenConstraint
    {
        public ReadOnlySpan<ulong> Mask => [0UL];

        public void Accept(int token)
        {
        }
    }
}
