using System.Globalization;

namespace AiPlatform.Jobs;

/// <summary>
/// Every change of a job's status. Changes and the events of its log share one sequence from 1; the end of a job takes two numbers,
/// the second for the announcement of the whole job.
/// </summary>
/// <remarks>
/// The stored form has for each change the first letter of the status, the milliseconds since the submit and, after <c>+</c>, the number of
/// events in the log, if any. A blank separates the changes: <c>q0 r12 q3050 r3061 s4000+25</c>.
/// </remarks>
public sealed class JobHistory
{
    /// <summary>The largest whole number that a script can count to.</summary>
    private const long MostEvents = 1L << 53;

    private JobHistory(IReadOnlyList<JobChange> changes) => Changes = changes;

    /// <summary>The oldest first; never empty.</summary>
    public IReadOnlyList<JobChange> Changes { get; }

    /// <summary>The history of a job that has just been submitted.</summary>
    public static JobHistory Begin(DateTimeOffset createdAt) => new([new JobChange(1, JobStatus.Queued, createdAt, 0, 0)]);

    /// <summary>Reads the stored form. Changes that cannot be read are left out.</summary>
    public static JobHistory Parse(string text, DateTimeOffset createdAt)
    {
        List<JobChange> changes = [];
        var attempt = 0;
        var number = 1L;
        var longest = (long)(DateTimeOffset.MaxValue - createdAt).TotalMilliseconds;
        foreach (var range in text.AsSpan().Split(' '))
        {
            var entry = text.AsSpan(range);
            if (entry.IsEmpty || StatusOf(entry[0]) is not { } status) continue;

            var plus = entry.IndexOf('+');
            var elapsed = plus < 0 ? entry[1..] : entry[1..plus];
            var events = 0L;
            if (!TryParse(elapsed, longest, out var milliseconds)) continue;
            if (plus >= 0 && !TryParse(entry[(plus + 1)..], MostEvents, out events)) continue;

            if (status == JobStatus.Running) attempt++;
            changes.Add(new JobChange(number + events, status, createdAt.AddMilliseconds(milliseconds), attempt, events));
            number += status.IsFinished ? 2 : 1;
        }

        return changes.Count == 0 ? Begin(createdAt) : new JobHistory(changes);
    }

    /// <summary>When the job last got this status; null when it never had it.</summary>
    public DateTimeOffset? LastAt(JobStatus status)
    {
        for (var i = Changes.Count - 1; i >= 0; i--)
            if (Changes[i].Status == status) return Changes[i].At;
        return null;
    }

    private static bool TryParse(ReadOnlySpan<char> text, long most, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= most;

    private static JobStatus? StatusOf(char letter) => letter switch
    {
        'q' => JobStatus.Queued,
        'r' => JobStatus.Running,
        's' => JobStatus.Succeeded,
        'f' => JobStatus.Failed,
        'c' => JobStatus.Canceled,
        'e' => JobStatus.Expired,
        _ => null,
    };
}

/// <summary>A change of a job's status.</summary>
/// <param name="Sequence">Its number among the job's changes and events.</param>
/// <param name="Status">The new status.</param>
/// <param name="At">The time of the change.</param>
/// <param name="Attempt">Leases taken until then.</param>
/// <param name="EventsBefore">Events of its log until then.</param>
public readonly record struct JobChange(long Sequence, JobStatus Status, DateTimeOffset At, int Attempt, long EventsBefore);

/// <summary>An event of a job: a piece of its output, its progress, or a change of its status.</summary>
/// <param name="Sequence">Its number among the job's changes and events; 0 while it has none.</param>
/// <param name="Kind"><see cref="Output"/>, <see cref="Progress"/> or <see cref="Status"/>.</param>
/// <param name="Data">JSON on one line.</param>
public readonly record struct JobEvent(long Sequence, string Kind, string Data)
{
    public const string Output = "output";
    public const string Progress = "progress";

    /// <summary>This kind is never in a log, because changes of status are in the job's <see cref="JobHistory"/>.</summary>
    public const string Status = "status";
}

/// <summary>A job and the events of its log after a given number, at one moment.</summary>
/// <param name="Job">The job, with its result if it has ended.</param>
/// <param name="Events">Events of its log, in order.</param>
/// <param name="IsWhole">False when there are more events than one call reads; read again after the last one.</param>
public sealed record JobLog(Job Job, IReadOnlyList<JobEvent> Events, bool IsWhole);
