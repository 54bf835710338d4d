using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.JobsApi;

/// <summary>
/// Measures durable jobs over HTTP without a model (a submit, then a long poll until the end), and compares with BullMQ behind fastify.
/// </summary>
internal static class JobsBenchmark
{
    private const string Command = "./ai bench jobs";

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "node", "npm", "gcc");
        await PeerPackages.Common.InstallAsync(cancellationToken);
        await LoadGenerator.CompileAsync(cancellationToken);

        var (ours, peer) = (new List<JobsMeasurement>(), new List<JobsMeasurement>());
        for (var run = 1; run <= runs; run++)
        {
            ours.Add(await MeasureAsync(run, JobsSystem.AiPlatform, cancellationToken));
            peer.Add(await MeasureAsync(run, JobsSystem.BullMq, cancellationToken));
        }

        Report(ours, peer);
    }

    private static async Task<JobsMeasurement> MeasureAsync(int run, JobsSystem system, CancellationToken cancellationToken)
    {
        var one = await JobsRun.MeasureAsync(system, cancellationToken);
        Console.WriteLine(Invariant(
            $"run {run}, {system.Name}: {one.Load.PerSecond:0} jobs/s, p50 {one.Load.P50Milliseconds:0.0} ms, p99 ")
            + Invariant($"{one.Load.P99Milliseconds:0.0} ms; {Costs([one])}; others used {one.OtherCores:0.00} cores"));
        return one;
    }

    private static void Report(List<JobsMeasurement> ours, List<JobsMeasurement> peer)
    {
        var setting =
            $"POST a job, then GET it with ?wait=30 until it succeeded; {JobsRun.Connections} connections, {JobsRun.Jobs} jobs after four "
            + $"times as many for warm-up, payload 200 bytes, no model, Redis with AOF everysec; nothing pinned";
        double our = Median.Of(ours, one => one.Load.PerSecond), other = Median.Of(peer, one => one.Load.PerSecond);
        double ourP50 = Median.Of(ours, one => one.Load.P50Milliseconds), otherP50 = Median.Of(peer, one => one.Load.P50Milliseconds);
        ResultsFile.Append(
            new ResultRow
            {
                Command = Command,
                Settings = setting,
                Ours = Invariant($"{our:0} jobs/s, p50 {ourP50:0.0} ms"),
                Peer = Invariant($"{BullMq.Name} behind fastify 5.12.8: {other:0} jobs/s, p50 {otherP50:0.0} ms"),
                Ratio = our / other,
                Notes = $"{Costs(ours)}; {BullMq.Name}: {Costs(peer)}",
            },
            ours.Count);
    }

    private static string Costs(IReadOnlyCollection<JobsMeasurement> runs)
    {
        double redis = Median.Of(runs, one => one.RedisMicroseconds), worker = Median.Of(runs, one => one.WorkerMicroseconds),
            front = Median.Of(runs, one => one.FrontMicroseconds);
        return Invariant($"CPU µs a job: Redis {redis:0} + worker {worker:0} + HTTP {front:0} = {redis + worker + front:0}");
    }
}
