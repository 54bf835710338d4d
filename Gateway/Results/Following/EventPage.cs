using System.Globalization;
using AiPlatform.Gateway.Json;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>What happened to a job behind a number of its sequence: events of its log and changes of its status.</summary>
/// <param name="Job">The job as it stood; with its result when it has ended.</param>
/// <param name="Events">
/// In their order; every reader sees the same, with the same numbers. Of an expired log the numbers are missing.
/// </param>
/// <param name="HasEnded">The job has ended, and nothing comes behind these.</param>
internal sealed record EventPage(Job Job, IReadOnlyList<JobEvent> Events, bool HasEnded = false)
{
    /// <summary>Puts together what a log and its job's history hold behind a number.</summary>
    public static EventPage Of(JobLog log, long after)
    {
        var changes = log.Job.History.Changes;
        // Of a log that was read in part, what comes behind the part is not shown yet.
        var most = log.IsWhole ? long.MaxValue : log.Events[^1].Sequence;
        var events = log.Events
            .Concat(changes.Where(change => change.Sequence > after && change.Sequence < most).Select(EventOf))
            .OrderBy(one => one.Sequence)
            .ToList();
        return new EventPage(log.Job, events, log.IsWhole && log.Job.Status.IsFinished);
    }

    private static JobEvent EventOf(JobChange change)
    {
        var at = UtcMillisecondsConverter.Format(change.At);
        return new JobEvent(
            change.Sequence,
            JobEvent.Status,
            string.Create(
                CultureInfo.InvariantCulture, $$"""{"status":"{{change.Status.Name}}","at":"{{at}}","attempt":{{change.Attempt}}}"""));
    }
}
