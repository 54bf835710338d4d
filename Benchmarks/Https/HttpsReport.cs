using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Https;

/// <summary>Makes rows of the medians of the runs.</summary>
internal static class HttpsReport
{
    private const string Command = "./ai bench https";
    private const string Layout = "Gateway on core 0; a provider behind TLS in .NET, load and Redis on core 1";
    private const string Peer = "HTTP/1.1";

    public static IReadOnlyList<ResultRow> RowsOf(IReadOnlyList<HttpsRun> runs)
    {
        var noise = QuietRuns.Describe(runs.Max(run => run.OtherCores));
        return
        [
            Rate(runs, "whole answers", "answers/s", one => one.Whole, noise),
            Rate(runs, $"streams of {ChatKind.Chunks} chunks, each written apart", "streams/s", one => one.Streams, noise),
            Memory(runs, noise),
            Cpu(runs, noise),
        ];
    }

    /// <summary>Describes one run for the console.</summary>
    public static string Describe(HttpsRun run) =>
        $"HTTP/2 {Describe(run.Http2)}; {Peer} {Describe(run.Http1)}; {QuietRuns.Describe(run.OtherCores)}";

    private static string Describe(HttpsMeasurement one) => Invariant(
        $"{one.Whole.Load.PerSecond:0} answers/s, {one.Streams.Load.PerSecond:0} streams/s, waiting ")
        + Invariant($"{one.Waiting.BytesPerClient / 1024:0.0} KB and {one.Waiting.Load.CpuMicroseconds:0} µs each, ")
        + Invariant($"{one.Waiting.Load.Load.Lost} failed");

    private static ResultRow Rate(
        IReadOnlyList<HttpsRun> runs, string what, string unit, Func<HttpsMeasurement, LoadMeasurement> of, string noise)
    {
        double ours = Median.Of(runs, run => of(run.Http2).Load.PerSecond), peer = Median.Of(runs, run => of(run.Http1).Load.PerSecond);
        return new ResultRow
        {
            Command = Command,
            Settings = $"{what}, {ProxyRun.Connections} connections, from a provider over HTTP/2; {Layout}",
            Ours = Invariant($"{ours:0} {unit}"),
            Peer = Invariant($"{Peer}: {peer:0} {unit}"),
            Ratio = ours / peer,
            Notes = Invariant($"CPU µs each: {Median.Of(runs, run => of(run.Http2).CpuMicroseconds):0}, {Peer} ")
                + Invariant($"{Median.Of(runs, run => of(run.Http1).CpuMicroseconds):0}; {noise}"),
        };
    }

    private static ResultRow Memory(IReadOnlyList<HttpsRun> runs, string noise) => Waiting(
        runs, "memory of a client that waits", one => one.BytesPerClient / 1024, bytes => Invariant($"{bytes:0.0} KB"), noise);

    private static ResultRow Cpu(IReadOnlyList<HttpsRun> runs, string noise) => Waiting(
        runs, "CPU of a client that comes, waits and gets its answer", one => one.Load.CpuMicroseconds,
        microseconds => Invariant($"{microseconds:0} µs"), noise);

    private static ResultRow Waiting(
        IReadOnlyList<HttpsRun> runs, string what, Func<WaitingMeasurement, double> of, Func<double, string> show, string noise)
    {
        double ours = Median.Of(runs, run => of(run.Http2.Waiting)), peer = Median.Of(runs, run => of(run.Http1.Waiting));
        return new ResultRow
        {
            Command = Command,
            Settings = $"{what} for a provider over HTTP/2: {HttpsRun.Clients} of them wait 20 s, having come within "
                + $"{WaitingRun.Arrival.TotalSeconds:0} s; {Layout}",
            Ours = $"{show(ours)}, {runs.Sum(run => run.Http2.Waiting.Load.Load.Lost)} of {runs.Count * HttpsRun.Clients} failed",
            Peer = $"{Peer}: {show(peer)}, {runs.Sum(run => run.Http1.Waiting.Load.Load.Lost)} failed",
            Ratio = ours / peer,
            Notes = $"lower is better; {noise}",
        };
    }
}
