using System.Globalization;
using AiPlatform.Gateway.Json;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>The events of a job after a number of its sequence: events of its log and changes of its status.</summary>
/// <param name="Job">The job at that moment, with its result if it has ended.</param>
/// <param name="Events">
/// The events in order; every reader sees the same events with the same numbers. The numbers of expired events are missing.
/// </param>
/// <param name="HasEnded">Whether the job has ended and no events follow.</param>
internal sealed record EventPage(Job Job, IReadOnlyList<JobEvent> Events, bool HasEnded = false)
{
    /// <summary>Merges the events of a log and of its job's history after a number.</summary>
    public static EventPage Of(JobLog log, long after)
    {
        var changes = log.Job.History.Changes;
        // If the log was read only in part, later changes of status are not shown yet.
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
