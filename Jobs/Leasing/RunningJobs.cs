using System.Collections.Concurrent;

namespace AiPlatform.Jobs.Leasing;

/// <summary>The jobs that this process has leased, by id.</summary>
public sealed class RunningJobs
{
    private readonly ConcurrentDictionary<JobId, RunningJob> _jobs = [];

    /// <summary>Every running job at this moment.</summary>
    public IEnumerable<RunningJob> All => _jobs.Values;

    /// <summary>How many jobs of all queues run.</summary>
    public int Count => _jobs.Count;

    /// <summary>How many jobs of one queue run.</summary>
    public int CountOf(QueueName queue) => _jobs.Keys.Count(id => id.Queue == queue);

    internal void Add(RunningJob job)
    {
        // The same process may lease a job again after a lost lease, while the older run is still ending.
        if (_jobs.TryGetValue(job.Job.Id, out var older)) older.Stop(StopReason.NotOurs);
        _jobs[job.Job.Id] = job;
    }

    internal void Remove(RunningJob job) => _jobs.TryRemove(new KeyValuePair<JobId, RunningJob>(job.Job.Id, job));

    /// <summary>Stops an attempt that another process ended.</summary>
    internal void Interrupt(JobId id, int attempt)
    {
        if (_jobs.TryGetValue(id, out var job) && job.Job.Attempt == attempt) job.Stop(StopReason.NotOurs);
    }
}
