using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation;

public sealed class GenerationEngineTests
{
    [Fact]
    public async Task Submit_RowsOfAnyLengths_EachGetsItsOwnText()
    {
        var sut = Engines.Start(new FakeDecoder(), new GenerationOptions { MaxRows = 8 });
        var prompts = Enumerable.Range(0, 40).Select(i => Engines.Prompt(i, 1 + i * i % 200)).ToList();

        var texts = prompts.Select(prompt => sut.Submit(Engines.Greedy(prompt, 60))).ToList();

        for (var i = 0; i < prompts.Count; i++)
        {
            var end = await texts[i].End;
            var expected = FakeDecoder.TextOf(prompts[i], 60);
            Assert.Equal(expected, texts[i].Tokens);
            Assert.Equal(Enumerable.Range(0, expected.Count), texts[i].Positions);
            Assert.Equal(expected.Count < 60 ? GenerationFinish.Stop : GenerationFinish.Length, end.Finish);
            Assert.Equal(expected.Count < 60 ? FakeDecoder.EndToken : null, end.EndToken);
            Assert.Equal((prompts[i].Length, 0, expected.Count), (end.PromptTokens, end.CachedTokens, end.GeneratedTokens));
        }

        await sut.StopAsync();
        Assert.Equal(40, sut.Counters.EndedRows);
    }

    [Fact]
    public async Task Submit_LongPromptBesideRunningRows_NobodyWaitsLongerThanOneChunk()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder, new GenerationOptions { PrefillChunkTokens = 32 });
        KeptText? newcomer = null;
        // With even chunks the last chunk would be one token.
        var prompt = Engines.Prompt(2, 993);

        var running = sut.Submit(
            Engines.Greedy(Engines.Prompt(1, 5), 200) with { Sampling = SamplingSettings.Greedy with { IgnoreEnd = true } },
            text =>
            {
                if (text.Count == 5) newcomer = sut.Submit(Engines.Greedy(prompt, 10));
                return true;
            });
        await running.End;
        await newcomer!.End;
        await sut.StopAsync();

        Assert.Equal(FakeDecoder.TextOf(prompt, 10), newcomer.Tokens);
        // There is at most one chunk between two steps, and the chunks are the whole prompt.
        Assert.Equal(993 + 5, decoder.Runs.Sum());
        Assert.All(decoder.Runs, tokens => Assert.InRange(tokens, 0, 32));
        Assert.DoesNotContain(decoder.Runs.Zip(decoder.Runs.Skip(1)), pair => pair is { First: > 1, Second: > 1 });
        Assert.DoesNotContain(1, decoder.Runs);
        // The later a chunk is, the more positions its tokens attend to, so it has fewer tokens.
        var chunks = decoder.Runs.Where(tokens => tokens > 5).ToList();
        Assert.Equal(32, chunks[0]);
        Assert.InRange(chunks[^2], 16, 17);
    }

    /// <summary>
    /// A short prompt gets its chunk while a long one is being computed. An equal prompt waits for the long one, and copies it.
    /// </summary>
    [Fact]
    public async Task Submit_ShortPromptBehindALongOne_DoesNotWaitForItsEnd()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder, new GenerationOptions { PrefillChunkTokens = 32 });
        var (longPrompt, shortPrompt) = (Engines.Prompt(2, 993), Engines.Prompt(3, 20));
        KeptText? longOne = null, same = null, shortOne = null;
        var tokensOfOthers = -1;

        var running = sut.Submit(
            Engines.Greedy(Engines.Prompt(1, 5), 200) with { Sampling = SamplingSettings.Greedy with { IgnoreEnd = true } },
            text =>
            {
                if (text.Count != 5) return true;
                longOne = sut.Submit(Engines.Greedy(longPrompt, 10, "tenant"));
                same = sut.Submit(Engines.Greedy(longPrompt, 10, "tenant"));
                shortOne = sut.Submit(
                    Engines.Greedy(shortPrompt, 10, "tenant"),
                    said =>
                    {
                        if (said.Count == 1) tokensOfOthers = longOne.Count + same.Count;
                        return true;
                    });
                return true;
            });
        await running.End;
        var ends = await Task.WhenAll(longOne!.End, same!.End, shortOne!.End);
        await sut.StopAsync();

        Assert.Equal(0, tokensOfOthers);
        Assert.Equal(FakeDecoder.TextOf(longPrompt, 10), longOne.Tokens);
        Assert.Equal(FakeDecoder.TextOf(longPrompt, 10), same.Tokens);
        Assert.Equal(FakeDecoder.TextOf(shortPrompt, 10), shortOne.Tokens);
        // It waits until less than a smallest chunk is left of the long one.
        Assert.InRange(ends[1].CachedTokens, 993 - 15, 991);
    }

    [Fact]
    public async Task Submit_Cancellation_FreesTheRowWithinTwoTokens()
    {
        var sut = Engines.Start(new FakeDecoder());
        using var canceled = new CancellationTokenSource();

        var text = sut.Submit(
            Endless(1) with { CancellationToken = canceled.Token },
            text =>
            {
                if (text.Count == 5) canceled.Cancel();
                return true;
            });
        var end = await text.End;

        Assert.Equal(GenerationFinish.Canceled, end.Finish);
        Assert.InRange(text.Count, 5, 7);
        Assert.Equal(Expected(1).Take(5), text.Tokens.Take(5));
        await Poll.UntilAsync(() => sut.Counters.ActiveRows == 0, "the row is free");
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_DeadlinePasses_FreesTheRowWithinTwoTokens()
    {
        var time = new ManualTime();
        var sut = Engines.Start(new FakeDecoder(), time: time);

        var text = sut.Submit(
            Endless(1) with { Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(1) },
            text =>
            {
                if (text.Count == 5) time.Advance(TimeSpan.FromSeconds(2));
                return true;
            });
        var end = await text.End;

        Assert.Equal(GenerationFinish.Expired, end.Finish);
        Assert.InRange(text.Count, 5, 7);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_WaitingRowIsCanceled_NeverBegins()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 1 });
        using var canceled = new CancellationTokenSource();

        KeptText? waiting = null, last = null;
        var first = sut.Submit(Endless(1), text =>
        {
            if (text.Count == 1)
            {
                waiting = sut.Submit(Endless(2) with { CancellationToken = canceled.Token });
                last = sut.Submit(Engines.Greedy(Engines.Prompt(3, 20), 10));
            }

            if (text.Count == 5) canceled.Cancel();
            return text.Count < 50;
        });
        await first.End;
        var end = await waiting!.End;
        await last!.End;

        Assert.Equal(GenerationFinish.Canceled, end.Finish);
        Assert.Empty(waiting.Tokens);
        Assert.Equal(FakeDecoder.TextOf(Engines.Prompt(3, 20), 10), last.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_SinkHasEnough_EndsWithStop()
    {
        var sut = Engines.Start(new FakeDecoder());

        var text = sut.Submit(Endless(1), text => text.Count < 3);
        var end = await text.End;

        Assert.Equal((GenerationFinish.Stop, 3, null), (end.Finish, text.Count, end.EndToken));
        await sut.StopAsync();
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public async Task Submit_TokensOfAnEndedEngine_GoesOnWithTheSameText(float temperature)
    {
        var sut = Engines.Start(new FakeDecoder());
        var request = Endless(4) with
        {
            MaxNewTokens = 60,
            Sampling = new SamplingSettings
            {
                Temperature = temperature,
                Seed = 42,
                Choice = 1,
                FrequencyPenalty = 0.5f,
                RepetitionPenalty = 1.1f,
                IgnoreEnd = true,
            },
        };
        var whole = sut.Submit(request);
        await whole.End;

        for (var done = 1; done <= 60; done += 13)
        {
            var rest = sut.Submit(request with { Generated = whole.Tokens.Take(done).ToArray() });
            var end = await rest.End;

            Assert.Equal(whole.Tokens.Skip(done), rest.Tokens);
            Assert.Equal(Enumerable.Range(done, 60 - done), rest.Positions);
            Assert.Equal((60, GenerationFinish.Length), (end.GeneratedTokens, end.Finish));
        }

        var nothing = sut.Submit(request with { Generated = whole.Tokens.ToArray() });
        Assert.Equal(GenerationFinish.Length, (await nothing.End).Finish);
        Assert.Empty(nothing.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_SampledRow_IsTheSameAloneAndAmongOthers()
    {
        var sut = Engines.Start(new FakeDecoder(), new GenerationOptions { MaxRows = 12 });
        var request = Endless(4) with
        {
            MaxNewTokens = 80,
            Sampling = new SamplingSettings { Temperature = 1.3f, TopP = 0.9f, Seed = 7, IgnoreEnd = true },
        };
        var alone = sut.Submit(request);
        await alone.End;

        var others = Enumerable.Range(0, 10).Select(i => sut.Submit(
            request with { Prompt = Engines.Prompt(i, 30 + i), MaxNewTokens = 20 + 9 * i })).ToList();
        var among = sut.Submit(request);
        var choice = sut.Submit(request with { Sampling = request.Sampling with { Choice = 1 } });
        foreach (var text in (KeptText[])[.. others, among, choice]) await text.End;

        Assert.Equal(alone.Tokens, among.Tokens);
        Assert.NotEqual(alone.Tokens, choice.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_RowWithNaN_FailsAlone()
    {
        var sut = Engines.Start(new FakeDecoder());
        var poison = Engines.Prompt(9, 30);
        poison[^1] = FakeDecoder.PoisonToken;

        var (one, failed, other) = (sut.Submit(Endless(1)), sut.Submit(Engines.Greedy(poison, 50)), sut.Submit(Endless(2)));
        var end = await failed.End;
        await one.End;
        await other.End;

        Assert.Equal(GenerationFinish.Failed, end.Finish);
        Assert.Contains("NaN", end.Problem, StringComparison.Ordinal);
        Assert.Empty(failed.Tokens);
        Assert.Equal(Expected(1), one.Tokens);
        Assert.Equal(Expected(2), other.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_RowThatBreaksTheStep_FailsAlone()
    {
        var sut = Engines.Start(new FakeDecoder());
        // Its third token breaks the run that computes it.
        var breaking = Endless(5) with
        {
            Sampling = SamplingSettings.Greedy with { IgnoreEnd = true },
            Constraint = new OneToken(FakeDecoder.BreakingToken, after: 2),
        };

        var (one, failed, other) = (sut.Submit(Endless(1)), sut.Submit(breaking), sut.Submit(Endless(2)));
        var end = await failed.End;
        await one.End;
        await other.End;

        Assert.Equal(GenerationFinish.Failed, end.Finish);
        Assert.Equal(3, failed.Count);
        Assert.Equal(Expected(1), one.Tokens);
        Assert.Equal(Expected(2), other.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_PromptThatBreaksARun_FailsAlone()
    {
        var sut = Engines.Start(new FakeDecoder());
        var breaking = Engines.Prompt(5, 200);
        breaking[150] = FakeDecoder.BreakingToken;

        var (one, failed, other) = (sut.Submit(Endless(1)), sut.Submit(Engines.Greedy(breaking, 9)), sut.Submit(Endless(2)));

        Assert.Equal(GenerationFinish.Failed, (await failed.End).Finish);
        await one.End;
        await other.End;
        Assert.Equal(Expected(1), one.Tokens);
        Assert.Equal(Expected(2), other.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_DeviceIsLost_EveryRowIsInterruptedAndTheEngineSaysSo()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 2 });

        var texts = Enumerable.Range(1, 4).Select(i => sut.Submit(Endless(i), text =>
        {
            if (text.Count == 10) decoder.IsLost = true;
            return true;
        })).ToList();

        await Assert.ThrowsAsync<DeviceLostException>(() => sut.Completion);
        foreach (var text in texts) Assert.Equal(GenerationFinish.Interrupted, (await text.End).Finish);
        Assert.True(decoder.IsDisposed);
        var late = sut.Submit(Endless(7));
        Assert.Equal(GenerationFinish.Interrupted, (await late.End).Finish);
        Assert.False(sut.CanTake(1, 1));
    }

    [Fact]
    public async Task Submit_SinkOrConstraintThrows_OnlyItsRowFails()
    {
        var sut = Engines.Start(new FakeDecoder());

        var one = sut.Submit(Endless(1));
        var sink = sut.Submit(Endless(2), text => text.Count < 3 ? true : throw new InvalidOperationException("thrown"));
        var constraint = sut.Submit(Endless(3) with { Constraint = new Throwing() });
        var contradiction = sut.Submit(Endless(4) with { Constraint = new OneToken(token: 1_000, after: 4) });

        Assert.Equal(GenerationFinish.Failed, (await sink.End).Finish);
        Assert.Equal(GenerationFinish.Failed, (await constraint.End).Finish);
        var end = await contradiction.End;
        Assert.Equal((GenerationFinish.Failed, 4), (end.Finish, contradiction.Count));
        Assert.Contains("leave no token", end.Problem, StringComparison.Ordinal);
        await one.End;
        Assert.Equal(Expected(1), one.Tokens);
        await sut.StopAsync();
    }

    [Theory]
    [InlineData(new int[0], 5, "empty")]
    [InlineData(new[] { 1, 97 }, 5, "no token 97")]
    [InlineData(new[] { 1, -1 }, 5, "no token -1")]
    [InlineData(new[] { 1 }, 0, "MaxNewTokens is 0")]
    [InlineData(new[] { 1, 2 }, 4_095, "at most 4096")]
    [InlineData(new[] { 1, 2 }, int.MaxValue, "at most 4096")]
    public async Task Submit_WhatNoRowCanBe_IsRefusedWithTheReason(int[] prompt, int most, string reason)
    {
        var sut = Engines.Start(new FakeDecoder());

        var refused = Assert.Throws<ArgumentException>(() => sut.Submit(Engines.Greedy(prompt, most)));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Stop_WithTimeToDrain_EndsWhatRunsAndInterruptsWhatWaits()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 2 });
        List<KeptText> texts = [];

        var first = sut.Submit(Endless(1), text =>
        {
            if (text.Count > 1) return true;
            texts.Add(sut.Submit(Endless(2), second =>
            {
                if (second.Count == 3) sut.Stop(TimeSpan.FromMinutes(10));
                return true;
            }));
            texts.Add(sut.Submit(Endless(3)));
            texts.Add(sut.Submit(Endless(4)));
            return true;
        });
        await sut.Completion;

        Assert.Equal(GenerationFinish.Length, (await first.End).Finish);
        Assert.Equal(
            [GenerationFinish.Length, GenerationFinish.Interrupted, GenerationFinish.Interrupted],
            await Task.WhenAll(texts.Select(async text => (await text.End).Finish)));
        Assert.Equal(Expected(1), first.Tokens);
        Assert.Equal(Expected(2), texts[0].Tokens);
        Assert.True(decoder.IsDisposed);
    }

    [Fact]
    public async Task Stop_WithoutTimeToDrain_InterruptsRowsWhereTheyAre()
    {
        var sut = Engines.Start(new FakeDecoder());

        var text = sut.Submit(Endless(1) with { MaxNewTokens = 4_000 }, text =>
        {
            if (text.Count == 8) sut.Stop(TimeSpan.Zero);
            return true;
        });
        var end = await text.End;
        await sut.Completion;

        Assert.Equal(GenerationFinish.Interrupted, end.Finish);
        Assert.InRange(text.Count, 8, 10);
    }

    private static List<int> Expected(int seed) => FakeDecoder.TextOf(Engines.Prompt(Seeds[seed], 20), 100);

    /// <summary>A row of 100 tokens for seeds whose text is that long.</summary>
    private static GenerationRequest Endless(int seed) => Engines.Greedy(Engines.Prompt(Seeds[seed], 20), 100);

    /// <summary>Seeds of prompts behind which the likeliest text does not end within 100 tokens.</summary>
    private static int[] Seeds { get; } =
        [.. Enumerable.Range(0, 10_000).Where(seed => FakeDecoder.TextOf(Engines.Prompt(seed, 20), 100).Count == 100).Take(10)];

    /// <summary>Allows all tokens at first, and a single one after some tokens.</summary>
    private sealed class OneToken(int token, int after) : ITokenConstraint
    {
        private readonly ulong[] _mask = new ulong[(FakeDecoder.Vocabulary + 63) / 64];
        private int _accepted;

        public ReadOnlySpan<ulong> Mask
        {
            get
            {
                if (_accepted < after) return [];
                if (token < FakeDecoder.Vocabulary) _mask[token / 64] = 1UL << token;
                return _mask;
            }
        }

        public void Accept(int accepted) => _accepted++;
    }

    private sealed class Throwing : ITokenConstraint
    {
        public ReadOnlySpan<ulong> Mask => throw new InvalidOperationException("thrown");

        public void Accept(int token)
        {
        }
    }
}
