namespace AiPlatform.Gateway.Results;

/// <summary>The jobs whose end requests in this process wait for.</summary>
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

    /// <summary>Registers a waiter. Call it before the job is submitted, or the job may end before the waiter is registered.</summary>
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

/// <summary>One request's wait for a job's end. Dispose it when the request no longer waits.</summary>
internal sealed class JobWaiter(AwaitedJobs waiters, AwaitedJob job) : IDisposable
{
    /// <summary>Completes with the job when it has ended, or with null when Redis has lost it; never fails.</summary>
    public Task<Job?> Ended => job.Ended;

    /// <summary>Tells that the job is in the store. From now on it is also polled, in case the notification of its end is lost.</summary>
    public void Submitted() => waiters.Submitted(job);

    public void Dispose() => waiters.Leave(job);
}
