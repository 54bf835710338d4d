using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation;

/// <summary>Rows that share memory: they grow, are preempted, are kept for their prefix, and release everything.</summary>
public sealed class GenerationMemoryTests
{
    /// <summary>Room for so many positions in a memory of one MiB.</summary>
    private const int Positions = 1_024;

    [Fact]
    public async Task Submit_MoreThanThereIsMemoryFor_OldestRowsGoOnAndNoneIsLost()
    {
        var decoder = Small();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 8, MemoryMiB = 1, ReservedTokens = 8 });
        var prompts = Enumerable.Range(0, 12).Select(i => Engines.Prompt(i, 10 + 7 * i)).ToList();

        // Each fits alone; together they would be six times the memory.
        decoder.Gate.Reset();
        var texts = prompts.Select(prompt => sut.Submit(Greedy(prompt, 600))).ToList();
        decoder.Gate.Set();
        for (var i = 0; i < texts.Count; i++)
        {
            Assert.Equal(GenerationFinish.Length, (await texts[i].End).Finish);
            Assert.Equal(Text(prompts[i], 600), texts[i].Tokens);
        }

        await sut.StopAsync();
        Assert.InRange(sut.Counters.Preemptions, 1, 1_000);
        Assert.InRange(decoder.LargestBytes, 1, 1024 * 1024);
    }

    [Fact]
    public async Task CanTake_RowsRun_SaysWhatWouldBeginAtOnce()
    {
        var decoder = Small();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 4, MemoryMiB = 1, ReservedTokens = 100 });
        decoder.Gate.Reset();

        Assert.Equal(Positions, sut.MaxTokensPerRow);
        Assert.True(sut.CanTake(900, 124));
        var first = sut.Submit(Greedy(Engines.Prompt(1, 200), 10));
        var second = sut.Submit(Greedy(Engines.Prompt(2, 400), 600));
        // The second needs 500, and three rows of these are more than there is.
        Assert.False(sut.CanTake(10, 10));
        Assert.False(sut.CanTake(600, 10));
        decoder.Gate.Set();
        await first.End;
        await second.End;

        await Poll.UntilAsync(() => sut.CanTake(900, 124), "the rows have left");
        await sut.StopAsync();
    }

    [Fact]
    public void Start_NoMemoryForARow_IsRefusedWithTheSetting()
    {
        var decoder = new FakeDecoder { Shape = new FakeDecoder().Shape with { Layers = 8_192 } };

        var problem = Assert.Throws<ModelProblemException>(() => Engines.Start(decoder, new GenerationOptions { MemoryMiB = 1 }));

        Assert.Contains("Generation:MemoryMiB is 1", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_ChatGoesOn_TakesTheTurnsBeforeFromTheKeptRow()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder);
        var prompt = Engines.Prompt(1, 300);
        var first = sut.Submit(Greedy(prompt, 50, "tenant"));
        await first.End;
        decoder.Runs.Clear();

        int[] second = [.. prompt, .. first.Tokens, .. Engines.Prompt(2, 20)];
        var text = sut.Submit(Greedy(second, 50, "tenant"));
        var end = await text.End;

        Assert.Equal(Text(second, 50), text.Tokens);
        Assert.Equal((370, 349), (end.PromptTokens, end.CachedTokens));
        await sut.StopAsync();
        Assert.Equal(21, decoder.Runs.Sum());
        Assert.Equal(349, sut.Counters.CachedTokens);
    }

    [Fact]
    public async Task Submit_SameSystemPrompt_IsCopiedFromRowsThatRunAndThatHaveEnded()
    {
        var sut = Engines.Start(new FakeDecoder());
        var system = Engines.Prompt(1, 100);
        List<KeptText> rows = [];

        for (var i = 0; i < 12; i++)
        {
            int[] prompt = [.. system, .. Engines.Prompt(50 + i, 30 + i)];
            var text = sut.Submit(Greedy(prompt, 40, "tenant"));
            rows.Add(text);
            if (i % 3 == 0) await text.End;
            else await Poll.UntilAsync(() => text.Count > 0, "it has begun");
        }

        for (var i = 0; i < rows.Count; i++)
        {
            var end = await rows[i].End;
            Assert.Equal(Text([.. system, .. Engines.Prompt(50 + i, 30 + i)], 40), rows[i].Tokens);
            Assert.InRange(end.CachedTokens, i == 0 ? 0 : 100, i == 0 ? 0 : 103);
        }

        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_PromptOfAnotherTenant_IsComputedAnew()
    {
        var sut = Engines.Start(new FakeDecoder());
        var prompt = Engines.Prompt(1, 300);
        await sut.Submit(Greedy(prompt, 10, "one")).End;
        await sut.Submit(Greedy(prompt, 10)).End;

        var other = await sut.Submit(Greedy(prompt, 10, "other")).End;
        var without = await sut.Submit(Greedy(prompt, 10)).End;
        var same = await sut.Submit(Greedy(prompt, 10, "one")).End;

        Assert.Equal((0, 0, 298), (other.CachedTokens, without.CachedTokens, same.CachedTokens));
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_MoreEndedRowsThanAreKept_TheLeastRecentlyUsedGoesFirst()
    {
        var sut = Engines.Start(new FakeDecoder(), new GenerationOptions { CachedRows = 2 });
        var prompts = Enumerable.Range(0, 3).Select(i => Engines.Prompt(i, 100)).ToList();

        await sut.Submit(Greedy(prompts[0], 5, "tenant")).End;
        await sut.Submit(Greedy(prompts[1], 5, "tenant")).End;
        await sut.Submit(Greedy(prompts[0], 5, "tenant")).End;
        await sut.Submit(Greedy(prompts[2], 5, "tenant")).End;
        var used = await sut.Submit(Greedy(prompts[0], 5, "tenant")).End;
        var dropped = await sut.Submit(Greedy(prompts[1], 5, "tenant")).End;

        Assert.Equal((98, 0), (used.CachedTokens, dropped.CachedTokens));
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_FiftyRowsWithCancellations_LeaveNothingBehind()
    {
        var decoder = Small();
        var sut = Engines.Start(decoder, new GenerationOptions { MaxRows = 6, MemoryMiB = 1, ReservedTokens = 16, CachedRows = 2 });
        var random = new Random(5);
        List<(KeptText Text, int[] Prompt)> rows = [];
        for (var i = 0; i < 50; i++)
        {
            var canceled = new CancellationTokenSource();
            var (prompt, at) = (Engines.Prompt(i, random.Next(1, 150)), random.Next(0, 150));
            if (at == 0) await canceled.CancelAsync();
            rows.Add((sut.Submit(
                Greedy(prompt, 100, $"tenant {i % 3}") with { CancellationToken = canceled.Token },
                text =>
                {
                    if (text.Count == at) canceled.Cancel();
                    return true;
                }), prompt));
        }

        foreach (var (text, prompt) in rows)
        {
            await text.End;
            Assert.Equal(Text(prompt, 100).Take(text.Count), text.Tokens);
        }

        await Poll.UntilAsync(() => sut.Counters is { ActiveRows: 0, WaitingRows: 0 }, "all rows have left");
        Assert.Equal(50, sut.Counters.EndedRows);
        Assert.InRange(sut.Counters.CachedRows, 0, 2);
        Assert.InRange(sut.Counters.KeyValueBytes, 1, 1024 * 1024);
        Assert.True(sut.CanTake(Positions - 100, 100));
        await sut.StopAsync();
        Assert.Equal((0, 0), (sut.Counters.KeyValueBytes, sut.Counters.CachedRows));
    }

    [Fact]
    public Task Submit_RowsJoinAndLeaveAtRandom_KeepTheirTexts() => ChurnAsync(steps: 400, seed: 1);

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public Task Submit_RowsJoinAndLeaveAtRandomForLong_KeepTheirTexts(int seed) => ChurnAsync(steps: 2_000, seed);

    /// <summary>Memory is short, so that rows are moved, copied, kept, taken over and preempted all the time.</summary>
    private static async Task ChurnAsync(int steps, int seed)
    {
        var decoder = Small();
        var sut = Engines.Start(
            decoder, new GenerationOptions { MaxRows = 8, MemoryMiB = 1, ReservedTokens = 16, CachedRows = 3, PrefillChunkTokens = 32 });
        var random = new Random(seed);
        List<(KeptText Text, int[] Prompt, int Most)> all = [], running = [];
        while (sut.Counters.Steps < steps)
        {
            running.RemoveAll(row => row.Text.End.IsCompleted);
            if (running.Count > 9)
            {
                await Task.WhenAny(running.Select(row => row.Text.End));
                continue;
            }

            // Every third prompt goes on with a text before it.
            int[] prompt = all.Count > 0 && random.Next(3) == 0
                ? [.. all[random.Next(all.Count)].Prompt, .. Engines.Prompt(random.Next(), 5)]
                : Engines.Prompt(random.Next(), random.Next(1, 120));
            if (prompt.Length > 300) continue;
            var (most, stop) = (random.Next(1, 150), random.Next(4) == 0 ? random.Next(1, 40) : int.MaxValue);
            var row = (sut.Submit(Greedy(prompt, most, $"tenant {random.Next(2)}"), text => text.Count < stop), prompt, most);
            all.Add(row);
            running.Add(row);
        }

        foreach (var (text, prompt, most) in all)
        {
            var end = await text.End;
            Assert.True(end.Finish is GenerationFinish.Length or GenerationFinish.Stop, $"{end.Finish}: {end.Problem}");
            Assert.Equal(Text(prompt, most).Take(text.Count), text.Tokens);
        }

        await sut.StopAsync();
        Assert.InRange(decoder.LargestBytes, 1, 1024 * 1024);
    }

    private static FakeDecoder Small() => new() { Shape = new FakeDecoder().Shape with { Layers = 64 } };

    /// <summary>Without an end, so that rows are as long as they may be.</summary>
    private static GenerationRequest Greedy(int[] prompt, int most, string? scope = null) =>
        Engines.Greedy(prompt, most, scope) with
        {
            Sampling = SamplingSettings.Greedy with { LogitBias = [new TokenBias(FakeDecoder.EndToken, -1_000)] },
        };

    private static List<int> Text(int[] prompt, int most) => FakeDecoder.TextOf(prompt, most, mayEnd: false);
}
