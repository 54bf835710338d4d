using System.Globalization;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Chat;

/// <summary>A target for one figure.</summary>
/// <param name="What">What is measured.</param>
/// <param name="Unit">What the figure is; empty for a ratio.</param>
/// <param name="Goal">The least or the most that it should be.</param>
/// <param name="IsLeast">Whether more is better.</param>
/// <param name="Of">Takes it from a run.</param>
/// <param name="Ours">What ours was made of, of some runs.</param>
/// <param name="Peer">What it is compared with; null where that is the goal.</param>
internal sealed record ChatTarget(
    string What, string Unit, double Goal, bool IsLeast, Func<ChatMeasurement, double> Of,
    Func<IReadOnlyList<ChatMeasurement>, string> Ours, Func<IReadOnlyList<ChatMeasurement>, string>? Peer)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ChatTarget> All { get; } =
    [
        new("one stream, tokens/s of a bare ONNX Runtime loop's", "", 0.95, true, run => run.OneStream / run.BareOne,
            runs => Rate(runs, run => run.OneStream), runs => $"bare loop: {Rate(runs, run => run.BareOne)}"),
        new("eight streams, tokens/s in all of one stream's", "", 2.5, true, run => run.EightStreams / run.OneStream,
            runs => Rate(runs, run => run.EightStreams),
            runs => $"one stream: {Rate(runs, run => run.OneStream)}; bare loop with eight rows: {Rate(runs, run => run.BareEight)}"),
        new("sixteen streams, tokens/s in all of eight streams'", "", 1, true, run => run.SixteenStreams / run.EightStreams,
            runs => Rate(runs, run => run.SixteenStreams), runs => $"eight streams: {Rate(runs, run => run.EightStreams)}"),
        new("eight streams, tokens/s in all of llama.cpp's", "", 2.5, true, run => run.EightStreams / run.PeerEight,
            runs => Rate(runs, run => run.EightStreams), runs => PeerIs(Rate(runs, run => run.PeerEight))),
        new("one stream, tokens/s of llama.cpp's", "", 1, true, run => run.OneStream / run.PeerOne,
            runs => Rate(runs, run => run.OneStream), runs => PeerIs(Rate(runs, run => run.PeerOne))),
        new(Invariant($"time to first token of {ChatRun.ShortPrompt} tokens, of llama.cpp's"), "", 1, false,
            run => run.First / run.PeerFirst, runs => Time(runs, run => run.First), runs => PeerIs(Time(runs, run => run.PeerFirst))),
        new(Invariant($"time to first token of {ChatRun.ShortPrompt} tokens beyond a bare run of the prompt"), "ms", 5, false,
            run => run.First - run.BareFirst, runs => Time(runs, run => run.First - run.BareFirst),
            runs => $"bare run: {Time(runs, run => run.BareFirst)}"),
        new(Invariant($"longest time without a token of a stream while a prompt of {ChatRun.LongPrompt:N0} tokens comes"), "ms", 150, false,
            run => run.WorstGap, runs => $"{Time(runs, run => run.WorstGap)}; the prompt took {Time(runs, run => run.LongFirst)}", null),
        new(Invariant($"first token of the second turn of a chat of {ChatRun.ChatPrompt} tokens, of the first one's bare run"), "", 0.2,
            false, run => run.SecondTurn / run.BareFirstTurn, runs => Time(runs, run => run.SecondTurn),
            runs => $"bare run of the first turn: {Time(runs, run => run.BareFirstTurn)}"),
        new("CPU of the Gateway for a streamed token, eight streams", "µs", 50, false, run => run.GatewayMicroseconds,
            runs => Micro(runs, run => run.GatewayMicroseconds), null),
        new("CPU of Redis for a streamed token, eight streams", "µs", 20, false, run => run.RedisMicroseconds,
            runs => Micro(runs, run => run.RedisMicroseconds), null),
    ];

    /// <summary>The median of some runs.</summary>
    public double Value(IReadOnlyList<ChatMeasurement> runs) => Median.Of(runs, Of);

    public bool IsMet(double value) => IsLeast ? value >= Goal : value <= Goal;

    /// <summary>The goal as a reader sees it.</summary>
    public string GoalText => $"{(IsLeast ? "≥" : "≤")} {Number(Goal)}";

    /// <summary>A figure with its unit.</summary>
    public string Number(double value) => Unit.Length > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Unit}") : value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string PeerIs(string value) => $"{Processes.LlamaCpp.Name}: {value}";

    private static string Rate(IReadOnlyList<ChatMeasurement> runs, Func<ChatMeasurement, double> of) =>
        Invariant($"{Median.Of(runs, of):0} tokens/s");

    private static string Time(IReadOnlyList<ChatMeasurement> runs, Func<ChatMeasurement, double> of) =>
        Invariant($"{Median.Of(runs, of):0.0} ms");

    private static string Micro(IReadOnlyList<ChatMeasurement> runs, Func<ChatMeasurement, double> of) =>
        Invariant($"{Median.Of(runs, of):0} µs");
}
