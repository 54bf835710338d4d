using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>The requests in this process that show a job's events as they come.</summary>
internal sealed class JobFollowers
{
    private readonly Lock _gate = new();
    private readonly Dictionary<JobId, List<JobFollower>> _jobs = [];

    /// <summary>Begins to follow. Call it before the job's log is read, or events may come before the follower.</summary>
    public JobFollower Register(JobId id)
    {
        var follower = new JobFollower(this, id);
        lock (_gate)
        {
            if (!_jobs.TryGetValue(id, out var followers)) _jobs.Add(id, followers = []);
            followers.Add(follower);
        }

        return follower;
    }

    public bool IsFollowed(JobId id)
    {
        lock (_gate) return _jobs.ContainsKey(id);
    }

    /// <summary>Hands new events to a job's followers; without any they look by themselves.</summary>
    public void Tell(JobId id, IReadOnlyList<JobEvent> events)
    {
        lock (_gate)
            if (_jobs.TryGetValue(id, out var followers)) followers.ForEach(follower => follower.Tell(events));
    }

    internal void Leave(JobFollower follower)
    {
        lock (_gate)
        {
            if (!_jobs.TryGetValue(follower.Id, out var followers)) return;
            followers.Remove(follower);
            if (followers.Count == 0) _jobs.Remove(follower.Id);
        }
    }
}
