using System.Diagnostics;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Results;

namespace AiPlatform.Gateway.Jobs;

/// <summary>
/// Jobs as their tenant sees them: another one's are not there. Throws <see cref="QueueUnavailableException"/> when Redis does not
/// serve.
/// </summary>
internal sealed class OwnJobs(IJobStore store, JobLookup reading, ModelCatalog catalog)
{
    /// <summary>The job once it has ended, or as it stands when the time is up; null when the caller has no such job.</summary>
    public async Task<Job?> ReadAsync(JobId id, Caller caller, TimeSpan wait, CancellationToken cancellationToken)
    {
        // Whose it is comes first: a wait would tell that another tenant's job is there.
        var job = await reading.ReadAsync(id, TimeSpan.Zero, cancellationToken);
        if (job?.Tenant != caller.Tenant) return null;

        return wait <= TimeSpan.Zero || job.Status.IsFinished ? job : await reading.ReadAsync(id, wait, cancellationToken);
    }

    /// <summary>Ends the job if it has not ended, and reads it; null when the caller has no such job.</summary>
    public async Task<Job?> CancelAsync(JobId id, Caller caller, CancellationToken cancellationToken) =>
        await store.CancelAsync(id, caller.Tenant, cancellationToken) is null
            ? null
            : await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken);

    /// <summary>
    /// Makes an ended job without a result wait again. At most one of the two is set; none when the caller has no such job.
    /// </summary>
    public async Task<(Job? Job, InferenceError? Refusal)> RequeueAsync(JobId id, Caller caller, CancellationToken cancellationToken)
    {
        var result = await store.RequeueAsync(id, caller.Tenant, cancellationToken);
        return result.Outcome switch
        {
            RequeueOutcome.Requeued => (await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken), null),
            RequeueOutcome.NotFound => (null, null),
            RequeueOutcome.NotRequeueable => (null, Refusals.NotRequeueable(id)),
            RequeueOutcome.QueueFull => (null, Refusals.QueueFull(id.Queue, result.Depth, result.DrainPerSecond)),
            RequeueOutcome.TenantFull => (null, Refusals.TenantQueueFull(id.Queue, result.Depth, result.DrainPerSecond)),
            _ => throw new UnreachableException($"Requeue outcome {(int)result.Outcome} is not handled. This is a bug."),
        };
    }

    /// <summary>
    /// A page of the caller's jobs, the newest first, and after which job the next one begins, null when there are no more: every queue
    /// has a list, and they sort by time. Each list is looked through for a bounded part; older jobs of the others wait for it.
    /// </summary>
    public async Task<(IReadOnlyList<Job> Jobs, JobId? Next)> ListAsync(
        JobListQuery query, Caller caller, CancellationToken cancellationToken)
    {
        // A name that no model can have has no queue.
        IReadOnlyCollection<QueueName> queues = query.Model is { } model
            ? model.Length <= QueueName.MaxModelLength ? [QueueName.ForModel(model)] : []
            : (await catalog.ReadAsync(cancellationToken)).Queues;
        var lists = await Task.WhenAll(queues.Select(
            queue => store.ListAsync(queue, caller.Tenant, query.Status, query.After?.Key, query.Limit + 1, cancellationToken)));

        var newest = lists.SelectMany(list => list).OrderByDescending(job => job.Id.Key, StringComparer.Ordinal);
        var stops = queues.Zip(lists).Where(list => list.Second.LookedTo is not null)
            .Select(list => JobId.FromKey(list.Second.LookedTo!, list.First)).OrderByDescending(
                stop => stop.Key, StringComparer.Ordinal).ToList();
        if (stops.Count == 0) return PageOf([.. newest], query.Limit, null);

        var known = newest.TakeWhile(job => string.CompareOrdinal(job.Id.Key, stops[0].Key) >= 0);
        return PageOf([.. known], query.Limit, stops[0]);
    }

    /// <param name="jobs">The newest, as far as they are known.</param>
    /// <param name="limit">Most of a page.</param>
    /// <param name="lookedTo">Where looking stopped; null when it did not.</param>
    private static (IReadOnlyList<Job> Jobs, JobId? Next) PageOf(List<Job> jobs, int limit, JobId? lookedTo) =>
        jobs.Count > limit ? ([.. jobs.Take(limit)], jobs[limit - 1].Id) : (jobs, lookedTo);
}
