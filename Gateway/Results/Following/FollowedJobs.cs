namespace AiPlatform.Gateway.Results.Following;

/// <summary>The jobs whose events are followed in this process, each with its followers.</summary>
internal sealed class FollowedJobs
{
    private readonly Lock _gate = new();
    private readonly Dictionary<JobId, FollowedJob> _jobs = [];

    /// <summary>The jobs that are followed now.</summary>
    public IReadOnlyList<FollowedJob> Jobs
    {
        get
        {
            lock (_gate) return [.. _jobs.Values];
        }
    }

    /// <summary>
    /// Registers a follower. Call it before the job's log is read, or events may arrive before the follower is registered.
    /// </summary>
    public JobFollower Register(JobId id)
    {
        lock (_gate)
        {
            if (!_jobs.TryGetValue(id, out var job)) _jobs.Add(id, job = new FollowedJob(id));
            var follower = new JobFollower(this, job);
            job.Add(follower);
            return follower;
        }
    }

    public bool IsFollowed(JobId id) => Find(id) is not null;

    /// <summary>Finds a followed job; null when it has no follower.</summary>
    public FollowedJob? Find(JobId id)
    {
        lock (_gate) return _jobs.GetValueOrDefault(id);
    }

    internal void Leave(JobFollower follower)
    {
        lock (_gate)
            if (follower.Job.Remove(follower)) _jobs.Remove(follower.Job.Id);
    }
}
