using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>Makes rows of the measurements: medians, and the worst value where every run must be good.</summary>
internal static class ProvidersReport
{
    private const string Command = "./ai bench providers";
    private const string Layout = "Gateway (or Portkey) on core 0; mock provider, load and Redis on core 1";
    private const double GoalBytesPerClient = 20 * 1024;
    private const double GoalHealthMilliseconds = 50;
    private static readonly string Bare = ProxySystem.PassThrough.Name;

    public static IReadOnlyList<ResultRow> RowsOf(IReadOnlyList<ProvidersRun> runs)
    {
        var noise = QuietRuns.Describe(runs.Max(run => run.OtherCores));
        return
        [
            Added(runs, "p50", load => load.P50Milliseconds, noise),
            Added(runs, "p99", load => load.P99Milliseconds, noise),
            Rate(runs, $"whole answers, {ProxyRun.Connections} connections", "answers/s", one => one.Together, noise),
            Rate(runs, $"streams of {ChatKind.Chunks} chunks, each written apart, {ProxyRun.Connections} connections", "streams/s",
                one => one.StreamsByChunks, noise),
            Rate(runs, $"streams of {ChatKind.Chunks} chunks in one write, {ProxyRun.Connections} connections", "streams/s",
                one => one.StreamsAtOnce, noise),
            Users(runs, noise),
            Memory(runs, noise),
            Health(runs, noise),
        ];
    }

    /// <summary>Describes one run for the console.</summary>
    public static string Describe(ProvidersRun run)
    {
        var (waiting, limit) = (run.Waiting, run.WaitingLimit);
        return Invariant(
            $"{Speeds(run.Ours)}; {Portkey.Name}: {Speeds(run.Peer)}; {Bare}: {Speeds(run.Limit)}; mock: {Speeds(run.Direct)}; users ")
            + Invariant($"{run.Limit.Users!.Load.PerSecond:0}/s with {Bare}, ")
            + Invariant($"{run.Ours.Users!.Load.PerSecond:0}/s of {run.Direct.Users!.Load.PerSecond:0}, {run.Ours.Users.Load.Lost} lost; ")
            + Invariant($"waiting {waiting.BytesPerClient / 1024:0.0} KB each, {waiting.Load.Load.Lost} lost, /health p99 ")
            + Invariant($"{waiting.Health.P99.TotalMilliseconds:0} ms, max {waiting.Health.Longest.TotalMilliseconds:0} ms; ")
            + Invariant($"{Bare} {limit.BytesPerClient / 1024:0.0} KB each, {limit.Health.P99.TotalMilliseconds:0} and ")
            + Invariant($"{limit.Health.Longest.TotalMilliseconds:0} ms; {QuietRuns.Describe(run.OtherCores)}");
    }

    private static string Speeds(ProxyMeasurement one) => Invariant(
        $"p50 {one.OneByOne.Load.P50Milliseconds:0.000} ms, {one.Together.Load.PerSecond:0} answers/s, ")
        + Invariant($"{one.StreamsByChunks.Load.PerSecond:0} and {one.StreamsAtOnce.Load.PerSecond:0} streams/s");

    private static ResultRow Added(IReadOnlyList<ProvidersRun> runs, string name, Func<LoadResult, double> of, string noise)
    {
        double direct = Median.Of(runs, run => of(run.Direct.OneByOne.Load)),
            limit = Median.Of(runs, run => of(run.Limit.OneByOne.Load) - of(run.Direct.OneByOne.Load)),
            ours = Median.Of(runs, run => of(run.Ours.OneByOne.Load) - of(run.Direct.OneByOne.Load)),
            peer = Median.Of(runs, run => of(run.Peer.OneByOne.Load) - of(run.Direct.OneByOne.Load));
        return new ResultRow
        {
            Command = Command,
            Settings = $"{name} that a call through the gateway takes longer than one to the mock itself; whole answers, 1 "
            + $"connection; {Layout}",
            Ours = Invariant($"{ours:0.000} ms"),
            Peer = Invariant($"{Portkey.Name}: {peer:0.000} ms"),
            Ratio = ours / peer,
            Notes = Invariant($"lower is better; {Bare}: {limit:0.000} ms; the mock itself: {direct:0.000} ms; {noise}"),
        };
    }

    private static ResultRow Rate(
        IReadOnlyList<ProvidersRun> runs, string what, string unit, Func<ProxyMeasurement, LoadMeasurement> of, string noise)
    {
        double ours = Median.Of(runs, run => of(run.Ours).Load.PerSecond), peer = Median.Of(runs, run => of(run.Peer).Load.PerSecond),
            direct = Median.Of(runs, run => of(run.Direct).Load.PerSecond), limit = Median.Of(runs, run => of(run.Limit).Load.PerSecond),
            limitCpu = Median.Of(runs, run => of(run.Limit).CpuMicroseconds),
            ourCpu = Median.Of(runs, run => of(run.Ours).CpuMicroseconds), peerCpu = Median.Of(runs, run => of(run.Peer).CpuMicroseconds);
        return new ResultRow
        {
            Command = Command,
            Settings = $"{what}; {Layout}",
            Ours = Invariant($"{ours:0} {unit}"),
            Peer = Invariant($"{Portkey.Name}: {peer:0} {unit}"),
            Ratio = ours / peer,
            Notes = Invariant($"CPU µs each: {ourCpu:0}, {Portkey.Name} {peerCpu:0}, {Bare} {limitCpu:0}; {Bare}: {limit:0} {unit}; ")
            + Invariant($"the mock itself: {direct:0} {unit}; {noise}"),
        };
    }

    private static ResultRow Users(IReadOnlyList<ProvidersRun> runs, string noise)
    {
        double ours = Median.Of(runs, run => run.Ours.Users!.Load.PerSecond),
            direct = Median.Of(runs, run => run.Direct.Users!.Load.PerSecond),
            limit = Median.Of(runs, run => run.Limit.Users!.Load.PerSecond);
        return new ResultRow
        {
            Command = Command,
            Settings = $"{ProxyRun.Users} users of a model that takes 2 s: each asks, waits, asks again, {ProxyRun.Rounds} times; they "
            + $"come within 1 s; {Layout}",
            Ours = Invariant($"{ours:0} answers/s, {runs.Sum(run => run.Ours.Users!.Load.Lost)} of ")
            + Invariant($"{runs.Count * ProxyRun.Users * ProxyRun.Rounds} lost"),
            Peer = Invariant($"{ProxySystem.Direct.Name}: {direct:0} answers/s"),
            Ratio = ours / direct,
            Notes = Invariant($"p99 {Median.Of(runs, run => run.Ours.Users!.Load.P99Milliseconds):0} ms; CPU µs each: ")
            + Invariant($"{Median.Of(runs, run => run.Ours.Users!.CpuMicroseconds):0}, {Bare} ")
            + Invariant($"{Median.Of(runs, run => run.Limit.Users!.CpuMicroseconds):0}; {Bare}: {limit:0} answers/s; {noise}"),
        };
    }

    private static ResultRow Memory(IReadOnlyList<ProvidersRun> runs, string noise)
    {
        var each = Median.Of(runs, run => run.Waiting.BytesPerClient);
        return new ResultRow
        {
            Command = Command,
            Settings = $"memory of a client that waits: {WaitingRun.Clients} of them wait 10 s, having come within "
            + $"{WaitingRun.Arrival.TotalSeconds:0} s; {Layout}",
            Ours = Invariant($"{each / 1024:0.0} KB, {runs.Sum(run => run.Waiting.Load.Load.Lost)} of ")
            + Invariant($"{runs.Count * WaitingRun.Clients} failed"),
            Peer = Invariant($"goal: {GoalBytesPerClient / 1024:0} KB"),
            Ratio = each / GoalBytesPerClient,
            Notes = Invariant($"lower is better; resident memory of the Gateway while all wait at the same time (median ")
            + Invariant($"{Median.Of(runs, run => run.Waiting.BytesWaiting) / 1048576:0} MB), less that of the warmed-up process before ")
            + Invariant($"the first came ({Median.Of(runs, run => run.Waiting.BytesBefore) / 1048576:0} MB), divided by the ")
            + Invariant($"clients; {Bare}: {Median.Of(runs, run => run.WaitingLimit.BytesPerClient) / 1024:0.0} KB; {noise}"),
        };
    }

    private static ResultRow Health(IReadOnlyList<ProvidersRun> runs, string noise)
    {
        var longest = runs.Max(run => run.Waiting.Health.Longest.TotalMilliseconds);
        return new ResultRow
        {
            Command = Command,
            Settings = $"longest answer of /health, asked every 100 ms while these {WaitingRun.Clients} clients come, wait and get their "
            + $"answers; {Layout}",
            Ours = Invariant($"{longest:0.0} ms, {runs.Sum(run => run.Waiting.Health.Failed)} of ")
            + Invariant($"{runs.Sum(run => run.Waiting.Health.Asked)} failed"),
            Peer = Invariant($"goal: {GoalHealthMilliseconds:0} ms"),
            Ratio = longest / GoalHealthMilliseconds,
            Notes = Invariant($"lower is better; the worst of all runs; the median run's longest: ")
            + Invariant($"{Median.Of(runs, run => run.Waiting.Health.Longest.TotalMilliseconds):0.0} ms, its p99: ")
            + Invariant($"{Median.Of(runs, run => run.Waiting.Health.P99.TotalMilliseconds):0.0} ms; {Bare}: ")
            + Invariant($"{Median.Of(runs, run => run.WaitingLimit.Health.Longest.TotalMilliseconds):0.0} ms, p99 ")
            + Invariant($"{Median.Of(runs, run => run.WaitingLimit.Health.P99.TotalMilliseconds):0.0} ms; {noise}"),
        };
    }
}
