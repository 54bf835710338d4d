using System.Globalization;
using AiPlatform.Chaos.Promises;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Store;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Chaos.Audit;

/// <summary>Compares the promises to clients with the written records: nothing is lost, wrong or duplicated.</summary>
internal sealed class JobAudit(FaultRun run, WrittenJobs written, GoodRequests requests, TimeSpan resultTtl)
{
    /// <summary>The counter of jobs that ended once, with the correct result.</summary>
    public const string Succeeded = "jobs that succeeded";

    /// <summary>The counter of such jobs that took more than one lease.</summary>
    public const string RunAgain = "jobs that were run again";

    private readonly Dictionary<string, string> _idsByKey = [];

    public void Check()
    {
        foreach (var job in run.Accepted.Values) CheckAccepted(job);
        foreach (var (id, job) in written.All) CheckWritten(id, job);
    }

    private void CheckAccepted(AcceptedJob accepted)
    {
        if (written.Find(accepted.Id) is not { Submits.Count: > 0 } job)
        {
            if (run.Losses.Any(loss => accepted.AcceptedAt >= loss.From && accepted.AcceptedAt <= loss.To))
                run.Count("jobs lost with acknowledged writes");
            else run.Complain(ProblemKind.Lost, accepted.Id, $"was accepted at {accepted.AcceptedAt:HH:mm:ss.fff} and is lost.");
            return;
        }

        if (accepted.MissingAt is { } missing && !(job.Ends.Count > 0 && missing >= EndOf(accepted.Id, job) + resultTtl))
            run.Complain(ProblemKind.Lost, accepted.Id, $"was missing at {missing:HH:mm:ss.fff}.");
        else if (accepted.MissingAt is null && !accepted.IsAnswered)
            run.Complain(ProblemKind.Stuck, accepted.Id, "was never answered.");
    }

    private void CheckWritten(JobId id, WrittenJob job)
    {
        var name = id.ToString();
        if (job.Submits.Count != 1 || job.Ends.Count != 1 || job.WasRevived)
        {
            var kind = job.Submits.Count > 1 || job.Ends.Count > 1 || job.WasRevived ? ProblemKind.Duplicated
                : job.Submits.Count == 0 ? ProblemKind.Lost : ProblemKind.Stuck;
            var revived = job.WasRevived ? "revived" : "not revived";
            run.Complain(kind, name, $"was submitted {job.Submits.Count} times, has ended {job.Ends.Count} times and was {revived}.");
            return;
        }

        var submitted = job.Submits[0];
        var request = requests.OfBody(submitted.AsSpan(submitted.AsSpan().IndexOf((byte)'\n') + 1));
        CheckEnd(name, request, JobRecord.Read(id, job.Ends[0], "", -1, withOutput: true));
        CheckAttempts(name, job);
        if (request.Key is not null && !_idsByKey.TryAdd(request.Key, name))
        {
            run.Complain(
                ProblemKind.Duplicated, name, $"is a second job of {request.Name}, whose key became {_idsByKey[request.Key]} before.");
        }
    }

    private void CheckEnd(string id, GoodRequest request, Job job)
    {
        if (job.Status != JobStatus.Succeeded)
        {
            // The client that waited for it got an error or disconnected.
            if (request.Kind == CallKind.Synchronous && !run.Accepted.ContainsKey(id)
                && job.Status is JobStatus.Expired or JobStatus.Canceled)
            {
                run.Count($"unanswered calls {job.Status}");
            }
            else
            {
                run.Complain(ProblemKind.Wrong, id, $"is a good job and has {job.Status}: {job.Error?.Message}");
            }
            return;
        }

        var output = EmbeddingOutput.Parse(job.Output!.Content);
        var vectors = Enumerable.Range(0, output.Rows).Select(row => output.Row(row).ToArray()).ToList();
        if (VectorCheck.Difference(request, vectors) is { } difference)
            run.Complain(ProblemKind.Wrong, id, $"is stored wrongly: {difference}");
        if (job.History.Changes.Count(change => change.Status.IsFinished) != 1 || !job.History.Changes[^1].Status.IsFinished)
            run.Complain(ProblemKind.Duplicated, id, "has not exactly one end in its history.");
        run.Count(Succeeded);
        if (job.Attempts > 1) run.Count(RunAgain);
    }

    /// <summary>Checks that every lease has the next attempt number, and that the committed lease is the last one.</summary>
    private void CheckAttempts(string id, WrittenJob job)
    {
        var leases = job.States.Where(state => state[0] == 'r').Select(
            state => int.Parse(state.Split(' ')[1], CultureInfo.InvariantCulture)).ToList();
        if (!leases.SequenceEqual(Enumerable.Range(1, leases.Count)))
            run.Complain(ProblemKind.Duplicated, id, $"was leased as {string.Join(", ", leases)}.");
    }

    private static DateTimeOffset EndOf(string id, WrittenJob job) =>
        JobId.TryParse(id, out var parsed) && JobRecord.Read(parsed, job.Ends[0], "", -1, withOutput: false).FinishedAt is { } end
            ? end
            : default;
}
