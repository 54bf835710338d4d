namespace AiPlatform.Gateway.Results;

/// <summary>Reads jobs, even those that another Gateway accepted, and waits for their end.</summary>
internal sealed class JobLookup(IJobStore store, AwaitedJobs waiters, GatewayName name, TimeProvider time)
{
    /// <summary>Returns the job when it has ended, or its current state when the wait has passed; null when it does not exist.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    public async Task<Job?> ReadAsync(JobId id, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (wait <= TimeSpan.Zero) return await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken);

        // The waiter is registered before Redis notes this Gateway, because the job may end right afterwards.
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
            // The wait has passed, so the current state of the job is returned.
            return await store.ReadAsync(id, watcher: null, withOutput: true, cancellationToken);
        }
    }
}
