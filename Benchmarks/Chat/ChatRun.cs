using System.Globalization;
using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Chat;

/// <summary>
/// One run: the product's processes, the bare loop and llama.cpp, all of them on the same cores, none of them pinned. They are asked in
/// turn, and nothing runs beside the one that is measured.
/// </summary>
internal sealed class ChatRun : IAsyncDisposable
{
    public const string Model = "smollm2-135m-instruct";

    /// <summary>Tokens of a short prompt.</summary>
    public const int ShortPrompt = 40;

    /// <summary>Tokens of a chat that has a second turn.</summary>
    public const int ChatPrompt = 500;

    /// <summary>Tokens of the prompt that comes beside a stream.</summary>
    public const int LongPrompt = 1_000;

    private const int WarmUpStreams = 16;
    private const int WarmUpTokens = 96;
    private const int WarmUpPrompt = 200;

    /// <summary>
    /// Together about 20 s: the runtime compiles the hot code of the Gateway and the worker twice, then with what it has counted.
    /// </summary>
    private const int WarmUpRounds = 5;

    /// <summary>How often ours, the bare loop and the other take turns: a machine's speed changes.</summary>
    private const int Turns = 3;

    private const int FirstTokens = 7;
    private const int OneTokens = 64;
    private const int EightTokens = 128;
    private const int SixteenTokens = 64;
    private const int OthersEightTokens = 48;
    private const int GapTokens = 2_000;
    private const int AnswerTokens = 24;

    private readonly ChatPrompts _prompts = new(ModelFolder);
    private readonly RedisUnderTest _redis;
    private readonly ChildProcess _worker;
    private readonly ChildProcess _gateway;
    private readonly ChildProcess _bare;
    private readonly LlamaCpp _peer;
    private readonly ChatClient _client;
    private readonly CancellationToken _cancel;
    private int _number;

    private ChatRun(
        RedisUnderTest redis, ChildProcess worker, ChildProcess gateway, ChildProcess bare, LlamaCpp peer, ChatClient client,
        CancellationToken cancellationToken) =>
        (_redis, _worker, _gateway, _bare, _peer, _client, _cancel) = (redis, worker, gateway, bare, peer, client, cancellationToken);

    public static string ModelFolder { get; } = Path.Combine(Checkout.Models, Model);

    public static async Task<ChatMeasurement> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync([], cancellationToken);
        await using var worker = await Product.StartInferenceWorkerAsync(redis, Model, [], cancellationToken);
        var port = FreePort.Next();
        await using var gateway = await Product.StartGatewayAsync(redis, port, Model, [], [], cancellationToken);
        await using var bare = await Product.StartBareDecoderAsync(cancellationToken);
        var peer = await LlamaCpp.StartAsync(Environment.ProcessorCount, cancellationToken);
        await using var run = new ChatRun(redis, worker, gateway, bare, peer, new ChatClient(port, Model), cancellationToken);
        await run.WarmUpAsync();
        return await run.MeasureAllAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _peer.Process.DisposeAsync();
    }

    private async Task WarmUpAsync()
    {
        for (var i = 0; i < WarmUpRounds; i++) await StreamsAsync(WarmUpStreams, WarmUpTokens);
        for (var i = 0; i < FirstTokens; i++) await FirstAsync();
        await _client.StreamAsync(Next(WarmUpPrompt), 2, until: null, _cancel);
        foreach (var rows in (int[])[1, 8]) await BareAsync($"decode {rows} 16 {ShortPrompt} {Numbers(rows)}");
        await BareAsync($"prefill {ChatPrompt} {Numbers(1)}");
        await PeerAsync(1, 16);
        await PeerAsync(8, 16);
    }

    private async Task<ChatMeasurement> MeasureAllAsync()
    {
        var load = new MachineLoad(_redis.Process, _worker, _gateway, _bare, _peer.Process);
        var (bareOne, one, peerOne) = await InTurnAsync(
            Turns, () => BareAsync($"decode 1 {OneTokens} {ShortPrompt} {Numbers(1)}"), () => StreamsAsync(1, OneTokens),
            async () => (await PeerAsync(1, OneTokens)).Rate);
        var (bareFirst, first, peerFirst) = await InTurnAsync(
            FirstTokens, () => BareAsync($"prefill {ShortPrompt} {Numbers(1)}"), FirstAsync, async () => (await PeerAsync(1, 1)).First);
        var bareEight = await BareAsync($"decode 8 {OthersEightTokens} {ShortPrompt} {Numbers(8)}");
        var before = await UsedAsync();
        var eight = await StreamsAsync(8, EightTokens);
        var used = await UsedAsync();
        var peerEight = (await PeerAsync(8, OthersEightTokens)).Rate;
        var sixteen = await StreamsAsync(16, SixteenTokens);
        var (gap, longFirst) = await GapAsync();
        var (bareFirstTurn, secondTurn, _) = await InTurnAsync(
            Turns - 1, () => BareAsync($"prefill {ChatPrompt} {Numbers(1)}"), SecondTurnAsync, () => Task.FromResult(0d));
        var streamed = 8 * EightTokens;
        return new ChatMeasurement
        {
            OneStream = one,
            EightStreams = eight,
            SixteenStreams = sixteen,
            BareOne = bareOne,
            BareEight = bareEight,
            PeerOne = peerOne,
            PeerEight = peerEight,
            First = first,
            BareFirst = bareFirst,
            PeerFirst = peerFirst,
            WorstGap = gap,
            LongFirst = longFirst,
            SecondTurn = secondTurn,
            BareFirstTurn = bareFirstTurn,
            GatewayMicroseconds = (used.Gateway - before.Gateway).TotalMicroseconds / streamed,
            RedisMicroseconds = (used.Redis - before.Redis).TotalMicroseconds / streamed,
            WorkerMicroseconds = (used.Worker - before.Worker).TotalMicroseconds / streamed,
            Scripts = (double)(used.Scripts - before.Scripts) / streamed,
            OtherCores = load.OtherCores(),
        };
    }

    /// <summary>Measures each so many times, in turn, so that they share what the machine does; gives the medians.</summary>
    private static async Task<(double Bare, double Ours, double Peer)> InTurnAsync(
        int times, Func<Task<double>> bare, Func<Task<double>> ours, Func<Task<double>> peer)
    {
        List<(double Bare, double Ours, double Peer)> all = [];
        for (var i = 0; i < times; i++) all.Add((await bare(), await ours(), await peer()));
        return (Median.Of(all, one => one.Bare), Median.Of(all, one => one.Ours), Median.Of(all, one => one.Peer));
    }

    private async Task<double> StreamsAsync(int streams, int tokens)
    {
        var prompts = Enumerable.Range(0, streams).Select(_ => Next(ShortPrompt)).ToList();
        var times = await Task.WhenAll(prompts.Select(prompt => _client.StreamAsync(prompt, tokens, until: null, _cancel)));
        return StreamTimes.PerSecond(times, TimeProvider.System);
    }

    private async Task<double> FirstAsync() =>
        (await _client.StreamAsync(Next(ShortPrompt), 1, until: null, _cancel)).MillisecondsToFirst;

    /// <summary>A long prompt comes while a stream runs.</summary>
    private async Task<(double Gap, double First)> GapAsync()
    {
        var prompt = Next(LongPrompt);
        var hasBegun = new TaskCompletionSource();
        var isOver = false;
        var stream = _client.StreamAsync(
            Next(ShortPrompt), GapTokens,
            times =>
            {
                if (times.Tokens >= AnswerTokens) hasBegun.TrySetResult();
                return Volatile.Read(ref isOver);
            }, _cancel);
        await await Task.WhenAny(hasBegun.Task, stream);
        var from = TimeProvider.System.GetTimestamp();
        var other = await _client.StreamAsync(prompt, 1, until: null, _cancel);
        Volatile.Write(ref isOver, true);
        return ((await stream).WorstGapMilliseconds(from, other.FirstAt), other.MillisecondsToFirst);
    }

    private async Task<double> SecondTurnAsync()
    {
        var first = Next(ChatPrompt);
        var second = _prompts.GoOn(first, await _client.AskAsync(first, AnswerTokens, _cancel));
        return (await _client.StreamAsync(second, 1, until: null, _cancel)).MillisecondsToFirst;
    }

    private async Task<double> BareAsync(string question) =>
        double.Parse(await _bare.AskAsync(question, _cancel), CultureInfo.InvariantCulture);

    private Task<LlamaCpp.Answer> PeerAsync(int streams, int tokens) =>
        _peer.AskAsync(Enumerable.Range(0, streams).Select(_ => Next(ShortPrompt).Text), tokens, _cancel);

    private async Task<(TimeSpan Gateway, TimeSpan Redis, TimeSpan Worker, long Scripts)> UsedAsync() =>
        (_gateway.CpuTime, await _redis.CpuTimeAsync(), _worker.CpuTime, (await _redis.CountsAsync()).Scripts);

    private ChatPrompts.Prompt Next(int tokens) => _prompts.Make(tokens, Numbers(1));

    /// <summary>The first of so many numbers that no chat has had.</summary>
    private int Numbers(int count) => (_number += count) - count + 1;
}
