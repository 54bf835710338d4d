using System.Globalization;
using AiPlatform.Chaos.Faults;
using AiPlatform.Chaos.Processes;
using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos;

/// <summary>One run of <c>./ai chaos</c>: a fresh system, faults by the seed's plan, and the table.</summary>
internal sealed class ChaosCommand(ChaosArguments arguments, TextWriter output)
{
    private const int Clients = 8;

    /// <summary>
    /// Shortest time of the load, in which fewer jobs are sent more slowly. The first round of faults takes about as long.
    /// </summary>
    private static readonly TimeSpan ShortestLoad = TimeSpan.FromSeconds(30);

    private static readonly FaultKind[] Round =
    [
        FaultKind.KillWorker, FaultKind.KillWorker, FaultKind.KillWorker, FaultKind.StopWorker, FaultKind.StopWorker, FaultKind.CutWorker,
        FaultKind.KillGateway, FaultKind.KillGateway, FaultKind.KillGateway, FaultKind.KillRedis, FaultKind.KillRedis,
        FaultKind.MakeRedisReplica, FaultKind.FillRedis, FaultKind.ForgetScripts, FaultKind.HoldScript,
    ];

    /// <returns>The exit code: 0 when nothing was lost, duplicated, stuck or wrong.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var run = new FaultRun(arguments.Seed) { Say = line => output.WriteLine(line) };
        var limit = TimeSpan.FromSeconds(arguments.Seconds);
        var scale = new FaultScale
        {
            Round = Round,
            Requests = arguments.Jobs,
            Limit = limit,
            Clients = Clients,
            LongestPause = 2 * Clients * (limit < ShortestLoad ? limit : ShortestLoad) / arguments.Jobs,
            ResultTtl = limit + TimeSpan.FromHours(1),
            LooksAgain = true,
        };
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{arguments.Jobs:N0} jobs by {Clients} clients, within {arguments.Seconds} s; seed {arguments.Seed}. Starting …"));
        var logs = Path.Combine(
            Checkout.Root, "artifacts", "chaos-logs",
            string.Create(CultureInfo.InvariantCulture, $"{arguments.Seed}-{Environment.ProcessId}"));
        var outcome = await new FaultScenario(run, scale).RunAsync(logs, cancellationToken);

        if (run.HasProblems)
            await output.WriteLineAsync($"{run.Report(outcome.Written.HistoryOf)}{Environment.NewLine}The processes' logs lie in {logs}.");
        await output.WriteLineAsync();
        await output.WriteAsync(ChaosTable.Of(run, outcome.DrainTime));
        return run.HasProblems ? 1 : 0;
    }
}
