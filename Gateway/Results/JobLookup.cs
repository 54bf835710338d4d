namespace AiPlatform.Gateway.Results;

/// <summary>Reads jobs, also those that another Gateway took, and waits for their end.</summary>
internal sealed class JobLookup(IJobStore store, AwaitedJobs waiters, GatewayName name, TimeProvider time)
{
    /// <summary>The job once it has ended, or as it stands when the time is up; null when it is not there.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    public async Task<Job?> ReadAsync(JobId id, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (wait <= TimeSpan.Zero) return await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken);

        // The waiter is there before Redis notes whom to tell: the job may end right afterwards.
        using var waiter = waiters.Register(id);
        var job = await store.ReadAsync(id, name.Value, withOutput: true, cancellationToken);
        if (job is null || job.Status.IsFinished) return job;

        waiter.Submitted();
        try
        {
            return await waiter.Ended.WaitAsync(wait, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The time is up: the job is answered as it stands.
            return await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken);
        }
    }
}
