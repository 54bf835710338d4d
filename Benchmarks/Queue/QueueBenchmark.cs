using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>
/// Measures the queue alone, with one producer process, one worker process and one Redis, without HTTP and model, and compares with BullMQ
/// and Hangfire.
/// </summary>
internal static class QueueBenchmark
{
    private const string Command = "./ai bench queue";
    private const string Setting = "payload and result 200 bytes; one producer, one worker, Redis with AOF everysec; nothing pinned";

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "node", "npm");
        await PeerPackages.Common.InstallAsync(cancellationToken);

        var ours = new List<QueueMeasurement>();
        var peers = new[] { QueueSystem.BullMq, QueueSystem.Hangfire }.ToDictionary(peer => peer, _ => new List<QueueMeasurement>());
        for (var run = 1; run <= runs; run++)
        {
            ours.Add(await MeasureAsync(run, QueueSystem.AiPlatform, cancellationToken));
            foreach (var (peer, measured) in peers) measured.Add(await MeasureAsync(run, peer, cancellationToken));
        }

        foreach (var (peer, measured) in peers) Report(ours, peer.Name, measured);
    }

    private static async Task<QueueMeasurement> MeasureAsync(int run, QueueSystem system, CancellationToken cancellationToken)
    {
        var one = await QueueRun.MeasureAsync(system, cancellationToken);
        Console.WriteLine(Invariant(
            $"run {run}, {system.Name}: {one.JobsPerSecond:0} jobs/s, one at a time p50 {one.P50Milliseconds:0.000} ms and p99 ")
            + Invariant($"{one.P99Milliseconds:0.000} ms; {Costs([one])}; {one.BytesPerJob:0} B a finished job; others used ")
            + Invariant($"{one.OtherCores:0.00} cores"));
        if (run == 1) Console.WriteLine($"  Redis commands a job: {one.Commands}");
        return one;
    }

    private static void Report(List<QueueMeasurement> ours, string name, List<QueueMeasurement> peer)
    {
        Append(
            $"throughput; {QueueRun.Jobs} jobs after three times as many for warm-up, {QueueRun.InFlight} in flight, each result "
            + $"seen; {Setting}",
            one => one.JobsPerSecond, value =>
                Invariant($"{value:0} jobs/s"),
                Invariant($"{Costs(ours)}; {name}: {Costs(peer)}; others used ")
                + Invariant($"{Median.Of(ours.Concat(peer), one => one.OtherCores):0.00} cores"));
        Append(LatencySetting("p50"), one => one.P50Milliseconds, Milliseconds, "lower is better");
        Append(LatencySetting("p99"), one => one.P99Milliseconds, Milliseconds, "lower is better");
        Append(
            "Redis memory of a finished job without its payload", one => one.BytesPerJob, value => Invariant($"{value:0} B"),
            Invariant($"lower is better; growth of used_memory over all jobs of a run, less {QueueSystem.AiPlatform.KeptPayloadBytes} B ")
                + Invariant($"(result) and {QueueSystem.BullMq.KeptPayloadBytes} B (body and result) of payload kept; without ")
                + "BullMQ's event stream");

        void Append(string setting, Func<QueueMeasurement, double> value, Func<double, string> format, string notes)
        {
            var (our, other) = (Median.Of(ours, value), Median.Of(peer, value));
            ResultsFile.Append(
                new ResultRow
                {
                    Command = Command,
                    Settings = setting,
                    Ours = format(our),
                    Peer = $"{name}: {format(other)}",
                    Ratio = our / other,
                    Notes = notes,
                },
                ours.Count);
        }
    }

    private static string LatencySetting(string percentile) =>
        $"latency {percentile}; {QueueRun.LatencyJobs} jobs, one at a time; {Setting}";

    private static string Milliseconds(double value) => Invariant($"{value:0.000} ms");

    private static string Costs(IReadOnlyCollection<QueueMeasurement> runs)
    {
        double redis = Median.Of(runs, one => one.RedisMicroseconds), worker = Median.Of(runs, one => one.WorkerMicroseconds),
            producer = Median.Of(runs, one => one.ProducerMicroseconds);
        return Invariant(
            $"CPU µs a job: Redis {redis:0} + worker {worker:0} + producer {producer:0} = {redis + worker + producer:0}; ")
            + Invariant($"{Median.Of(runs, one => one.CommandsPerJob):0.0} Redis commands and ")
            + Invariant($"{Median.Of(runs, one => one.ScriptsPerJob):0.00} scripts a job");
    }
}
