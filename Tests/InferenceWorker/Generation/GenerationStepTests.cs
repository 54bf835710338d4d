using System.Collections.Concurrent;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation;

/// <summary>How sinks are notified of steps, and how long prompts are cut into chunks.</summary>
public sealed class GenerationStepTests
{
    private const int Tokens = 50;

    [Fact]
    public async Task Submit_RowsBesideEachOther_AreToldOfAStepWhenAllHaveTheirTokens()
    {
        var heard = new ConcurrentQueue<string>();
        var sut = Engines.Start(new FakeDecoder());
        Sink[] sinks = [.. Enumerable.Range(0, 4).Select(i => new Sink(i, heard))];
        sinks[0].OnFirst = () =>
        {
            foreach (var sink in sinks[1..]) sut.Submit(Endless(sink.Number), sink);
        };

        sut.Submit(Endless(0), sinks[0]);
        await Task.WhenAll(sinks.Select(sink => sink.End));
        await sut.StopAsync();

        // No token arrives between two notifications of one step.
        var told = string.Concat(heard).Split('t', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(told, rows => Assert.Equal(new string([.. rows.Distinct()]), rows));
        Assert.Contains("0123", told);
        // The row with the last token is notified of its end instead.
        Assert.All(sinks, sink => Assert.Equal((Tokens, Tokens - 1), (sink.Tokens, sink.Steps)));
    }

    [Fact]
    public async Task Submit_SinkThrowsWhenToldOfAStep_OnlyItsRowFails()
    {
        var sut = Engines.Start(new FakeDecoder());
        var other = new Sink(0, []);
        var broken = new Sink(1, []) { FailsAt = 7 };

        sut.Submit(Endless(0), other);
        sut.Submit(Endless(1), broken);

        Assert.Equal(GenerationFinish.Failed, (await broken.End).Finish);
        Assert.Equal(GenerationFinish.Length, (await other.End).Finish);
        Assert.Equal(7, broken.Tokens);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Submit_LongPromptAlone_IsCutIntoFewerChunksThanBesideOthers()
    {
        var decoder = new FakeDecoder();
        var sut = Engines.Start(decoder, new GenerationOptions { PrefillChunkTokens = 32 });
        var prompt = Engines.Prompt(1, 150);

        var text = sut.Submit(Engines.Greedy(prompt, 10));
        await text.End;
        await sut.StopAsync();

        Assert.Equal([64, 64, 22], decoder.Runs.Where(tokens => tokens > 1));
        Assert.Equal(FakeDecoder.TextOf(prompt, 10), text.Tokens);
    }

    private static GenerationRequest Endless(int seed)
    {
        var request = Engines.Greedy(Engines.Prompt(seed, 5), Tokens);
        return request with { Sampling = request.Sampling with { IgnoreEnd = true } };
    }

    private sealed class Sink(int number, ConcurrentQueue<string> heard) : ITokenSink
    {
        private readonly TaskCompletionSource<GenerationEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Number => number;

        public int FailsAt { get; init; }

        public Action? OnFirst { get; set; }

        public int Tokens { get; private set; }

        public int Steps { get; private set; }

        public Task<GenerationEnd> End => _end.Task.WaitAsync(TimeSpan.FromMinutes(1));

        public bool OnToken(in GeneratedToken token)
        {
            if (Tokens++ == 0) OnFirst?.Invoke();
            heard.Enqueue("t");
            return true;
        }

        public void OnStep(StepCallbacks callbacks)
        {
            Steps++;
            heard.Enqueue($"{number}");
            if (Steps == FailsAt) throw new InvalidOperationException("The sink is broken.");
        }

        public void OnEnd(in GenerationEnd end) => _end.SetResult(end);
    }
}
