using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>The jobs whose end somebody in this process waits for.</summary>
internal sealed class AwaitedJobs(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<JobId, AwaitedJob> _jobs = [];

    public int Count
    {
        get
        {
            lock (_gate) return _jobs.Count;
        }
    }

    /// <summary>Begins to wait. Call it before the job is submitted, or its end may come before the waiter.</summary>
    public JobWaiter Register(JobId id)
    {
        lock (_gate)
        {
            if (!_jobs.TryGetValue(id, out var job)) _jobs.Add(id, job = new AwaitedJob(id));
            job.Waiters++;
            return new JobWaiter(this, job);
        }
    }

    public AwaitedJob? Find(JobId id)
    {
        lock (_gate) return _jobs.GetValueOrDefault(id);
    }

    /// <summary>The jobs that have not ended and were last looked up before <paramref name="timestamp"/>.</summary>
    public IReadOnlyList<AwaitedJob> LookedUpBefore(long timestamp)
    {
        lock (_gate) return [.. _jobs.Values.Where(job => !job.Ended.IsCompleted && job.LookedUpBefore(timestamp))];
    }

    internal void Submitted(AwaitedJob job) => job.LookedUpAt(time.GetTimestamp());

    internal void Leave(AwaitedJob job)
    {
        lock (_gate)
            if (--job.Waiters == 0) _jobs.Remove(job.Id);
    }
}
