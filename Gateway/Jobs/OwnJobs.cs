using System.Diagnostics;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Results;
using AiPlatform.Jobs.Limits;

namespace AiPlatform.Gateway.Jobs;

/// <summary>
/// The jobs of the caller's tenant; those of other tenants do not exist here. Throws <see cref="QueueUnavailableException"/> when Redis
/// does not serve.
/// </summary>
internal sealed class OwnJobs(IJobStore store, ILimitStore limits, JobLookup reading, ModelCatalog catalog)
{
    /// <summary>Reads the job when it has ended, or when the wait has passed; null when the caller has no such job.</summary>
    public async Task<Job?> ReadAsync(JobId id, Caller caller, TimeSpan wait, CancellationToken cancellationToken)
    {
        // The tenant is checked first, because a wait would show that another tenant's job exists.
        var job = await reading.ReadAsync(id, TimeSpan.Zero, cancellationToken);
        if (job?.Tenant != caller.Tenant) return null;

        return wait <= TimeSpan.Zero || job.Status.IsFinished ? job : await reading.ReadAsync(id, wait, cancellationToken);
    }

    /// <summary>Cancels the job if it has not ended, and reads it; null when the caller has no such job.</summary>
    public async Task<Job?> CancelAsync(JobId id, Caller caller, CancellationToken cancellationToken)
    {
        if (await store.CancelAsync(id, caller.Tenant, cancellationToken) is not { } before) return null;

        var job = await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken);
        if (!before.IsFinished && job?.Hold is { } hold) await limits.DropAsync(caller.Tenant, hold, cancellationToken);
        return job;
    }

    /// <summary>
    /// Enqueues an ended job without a result again. At most one of the two is set; none when the caller has no such job. It counts against
    /// the caller's limits like a new job.
    /// </summary>
    public async Task<(Job? Job, InferenceError? Refusal)> RequeueAsync(
        JobId id, Caller caller, LimitedCall? limited, CancellationToken cancellationToken)
    {
        if (limited is not null)
        {
            var before = await store.ReadAsync(id, watcher: null, withOutput: false, cancellationToken);
            if (before?.Tenant != caller.Tenant) return (null, null);
            if (!before.Status.IsFinished || before.Status == JobStatus.Succeeded) return (null, Refusals.NotRequeueable(id));
            var refused = await limited.TakeAsync(
                before.Hold ?? id.Key, before.HeldTokens ?? CallLimits.TokensIn(before.Cost), before.Deadline - before.CreatedAt,
                waits: false, isRepeatable: false, CancellationToken.None);
            if (refused is not null) return (null, refused);
        }

        var result = await store.RequeueAsync(id, caller.Tenant, cancellationToken);
        if (result.Outcome == RequeueOutcome.Requeued) limited?.GoesOn();
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
    /// A page of the caller's jobs, the newest first, and the job after which the next page begins; null when there are no more jobs. Every
    /// queue has a list that is sorted by time. A bounded part of each list is searched. If the search of a list stopped early, older jobs
    /// of the other lists go to the next page.
    /// </summary>
    public async Task<(IReadOnlyList<Job> Jobs, JobId? Next)> ListAsync(
        JobListQuery query, Caller caller, CancellationToken cancellationToken)
    {
        // An invalid model name has no queue.
        IReadOnlyCollection<QueueName> queues = query.Model is { } model
            ? model.Length <= QueueName.MaxModelLength ? [QueueName.ForModel(model), QueueName.ForProvider(model)] : []
            : (await catalog.ReadAsync(cancellationToken)).StoredQueues;
        var lists = await Task.WhenAll(queues.Select(
            queue => store.ListAsync(queue, caller.Tenant, query.Status, query.After?.Key, query.Limit + 1, cancellationToken)));

        if (lists.All(list => list.Count == 0))
        {
            await catalog.ConfirmAsync(cancellationToken);
            await Task.WhenAll(queues.Select(queue => store.ConfirmAsync(queue, cancellationToken)));
        }

        var newest = lists.SelectMany(list => list).OrderByDescending(job => job.Id.Key, StringComparer.Ordinal);
        var stops = queues.Zip(lists).Where(list => list.Second.LookedTo is not null)
            .Select(list => JobId.FromKey(list.Second.LookedTo!, list.First)).OrderByDescending(
                stop => stop.Key, StringComparer.Ordinal).ToList();
        if (stops.Count == 0) return PageOf([.. newest], query.Limit, null);

        var known = newest.TakeWhile(job => string.CompareOrdinal(job.Id.Key, stops[0].Key) >= 0);
        return PageOf([.. known], query.Limit, stops[0]);
    }

    /// <param name="jobs">The newest jobs that were found.</param>
    /// <param name="limit">Most jobs of a page.</param>
    /// <param name="lookedTo">The job at which the search stopped; null when it searched everything.</param>
    private static (IReadOnlyList<Job> Jobs, JobId? Next) PageOf(List<Job> jobs, int limit, JobId? lookedTo) =>
        jobs.Count > limit ? ([.. jobs.Take(limit)], jobs[limit - 1].Id) : (jobs, lookedTo);
}
