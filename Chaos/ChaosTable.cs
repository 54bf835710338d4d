using System.Globalization;
using System.Text;
using AiPlatform.Chaos.Audit;
using AiPlatform.Chaos.Faults;
using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos;

/// <summary>The summary of a run.</summary>
internal static class ChaosTable
{
    /// <param name="run">The run, after its audit.</param>
    /// <param name="drainTime">The time from the last accepted job until no job waited or ran.</param>
    public static string Of(FaultRun run, TimeSpan drainTime)
    {
        var table = new StringBuilder();
        Row("", "");
        Row("---", "---:");
        Row("jobs accepted", Number(run.Accepted.Count));
        Row("jobs succeeded", Number(run.CountOf(JobAudit.Succeeded)));
        Row("jobs run again", Number(run.CountOf(JobAudit.RunAgain)));
        foreach (var kind in Enum.GetValues<ProblemKind>()) Row(kind.ToString().ToLowerInvariant(), Number(run.ProblemsOf(kind)));
        foreach (var kind in Enum.GetValues<FaultKind>().Where(kind => run.CountOf($"{kind}") > 0))
            Row(NameOf(kind), Number(run.CountOf($"{kind}")));
        Row("time to drain", string.Create(CultureInfo.InvariantCulture, $"{drainTime.TotalSeconds:0.0} s"));
        return table.ToString();

        void Row(string what, string value) => table.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {value} |");
    }

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string NameOf(FaultKind kind) => kind switch
    {
        FaultKind.KillWorker => "worker: kill -9",
        FaultKind.StopWorker => "worker: SIGSTOP past its lease",
        FaultKind.CutWorker => "worker: cut off from Redis, silently",
        FaultKind.ResetWorker => "worker: cut off from Redis, connections reset",
        FaultKind.HalfOpenWorker => "worker: cut off from Redis, connections half open",
        FaultKind.KillGateway => "Gateway: kill -9",
        FaultKind.KillRedis => "Redis: kill -9",
        FaultKind.KillRedisAndLoseWrites => "Redis: kill -9 and lose a second of its file",
        FaultKind.MakeRedisReplica => "Redis: a replica for a while",
        FaultKind.FillRedis => "Redis: full for a while",
        FaultKind.ForgetScripts => "Redis: SCRIPT FLUSH",
        FaultKind.HoldScript => "Redis: busy with a script that is killed",
        FaultKind.FailOver => "Redis: primary killed, replica promoted",
        FaultKind.SwapPair => "Redis: primary and replica swapped",
        FaultKind.StepClock => "Redis: clock stepped",
        _ => $"{kind}",
    };
}
