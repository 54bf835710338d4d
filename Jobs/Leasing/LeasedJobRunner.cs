using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.Jobs.Usage;
using AiPlatform.ServiceDefaults.Resilience;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Registry;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Runs a leased job to its end, in the same way for every consumer. It commits the result, gives a failed run back for its retry, and
/// writes nothing when the lease is lost. This is the only retry loop, except for runs that have one of their own and say so
/// (<see cref="JobOutcome.IsFinal"/>).
/// </summary>
public sealed class LeasedJobRunner(
    IJobStore store, UsageLedger usage, JobMetrics metrics, ResiliencePipelineProvider<string> pipelines, ILogger<LeasedJobRunner> logger)
{
    private readonly ResiliencePipeline _commit = pipelines.GetPipeline(ResiliencePipelineNames.RedisCommit);

    /// <param name="running">The job and its lease.</param>
    /// <param name="run">
    /// Runs the job. Expected errors are returned as a failed outcome; an exception is a bug or a fault of the machine. A run that is
    /// stopped throws, and says with <see cref="RunStoppedException"/> what it took.
    /// </param>
    public async Task RunAsync(RunningJob running, Func<LeasedJob, CancellationToken, Task<JobOutcome>> run)
    {
        var job = running.Job;
        using var activity = JobActivities.StartProcess(job, ModelTasks.OperationOf(job.Endpoint), running.Lease);
        var (outcome, used) = await OutcomeAsync(running, run);

        if (outcome is null)
        {
            await GiveUpAsync(running, used);
            return;
        }

        if (outcome.Error is { } failure) activity?.Fail(failure.Code);
        if (outcome.Error is { Retryable: true } error)
        {
            var released = await InStoreAsync(job, "release", token => outcome.IsFinal
                ? store.FailAsync(job, error, token) : store.ReleaseAsync(job, error, token));
            Log.RunFailed(logger, job.Id, job.Attempt, error.Code, released);
            metrics.RunEnded(job.Model, running.Elapsed, released == ReleaseOutcome.Requeued ? "retried" : "failed");
            if (released == ReleaseOutcome.Failed) Count(job, outcome);
            else if (released == ReleaseOutcome.Refused) await CountStoppedAsync(running, outcome.Usage);
            return;
        }

        var stored = await InStoreAsync(job, "commit", token => store.CommitAsync(job, outcome, token));
        if (stored) Count(job, outcome);
        else Log.ResultNotWanted(logger, job.Id, job.Attempt);
        metrics.RunEnded(job.Model, running.Elapsed, !stored ? "refused" : outcome.Error is null ? "succeeded" : "failed");
        if (!stored) await CountStoppedAsync(running, outcome.Usage);
    }

    private void Count(LeasedJob job, JobOutcome outcome)
    {
        metrics.Ended(job.Model, outcome.Error is null ? JobStatus.Succeeded : JobStatus.Failed);
        CountUsage(job, failed: outcome.Error is not null, outcome.Usage);
    }

    private void CountUsage(LeasedJob job, bool failed, string? used)
    {
        var (input, output) = UsageJson.Read(used);
        usage.Add(job.Tenant, job.Model, failed, input, output, hold: job.Hold);
    }

    /// <summary>
    /// Counts what a run took that was stopped because its job was canceled or has expired: nobody runs it again. A run whose lease was
    /// lost is not counted, because the next one is.
    /// </summary>
    private async Task CountStoppedAsync(RunningJob running, string? used)
    {
        if (used is null) return;

        var job = running.Job;
        var now = await _commit.ExecuteAsync(async token => await StateAsync(job.Id, token), CancellationToken.None);
        // A deadline may have passed here before the job is marked as expired.
        var isExpired = now?.Status == JobStatus.Expired
            || (now?.Status == JobStatus.Running && running.Reason == StopReason.DeadlinePassed);
        if (now?.Attempts != job.Attempt || !(isExpired || now.Status == JobStatus.Canceled)) return;

        CountUsage(job, failed: isExpired, used);
    }

    /// <summary>Reads the job; null when it is gone or its record cannot be read.</summary>
    private async Task<Job?> StateAsync(JobId id, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAsync(id, watcher: null, withOutput: false, cancellationToken);
        }
        catch (QueueUnavailableException unreadable) when (unreadable.IsPartial)
        {
            return null;
        }
    }

    /// <summary>What the run has returned; nothing, and what it took, when it was stopped.</summary>
    private async Task<(JobOutcome? Outcome, string? Usage)> OutcomeAsync(
        RunningJob running, Func<LeasedJob, CancellationToken, Task<JobOutcome>> run)
    {
        try
        {
            return (await run(running.Job, running.Token), null);
        }
        catch (OperationCanceledException stopped) when (running.Token.IsCancellationRequested)
        {
            return (null, (stopped as RunStoppedException)?.Usage);
        }
#pragma warning disable CA1031 // Whatever it was, the job must be given back with a reason, not wait for its lease to end
        catch (Exception unforeseen)
        {
            Log.RunThrew(logger, unforeseen, running.Job.Id, running.Job.Attempt);
            var error = new InferenceError
            {
                Kind = InferenceErrorKind.Internal,
                Message = "The worker failed unexpectedly on this job; its log has the details.",
            };
            return (JobOutcome.Failure(error), null);
        }
#pragma warning restore CA1031
    }

    private async Task GiveUpAsync(RunningJob running, string? used)
    {
        if (running.Reason == StopReason.ShuttingDown)
            await InStoreAsync(running.Job, "release", token => store.ReleaseAsync(running.Job, error: null, token));

        Log.RunStopped(logger, running.Job.Id, running.Job.Attempt, running.Reason);
        metrics.RunEnded(running.Job.Model, running.Elapsed, running.Reason == StopReason.ShuttingDown ? "returned" : "stopped");
        if (running.Reason != StopReason.ShuttingDown) await CountStoppedAsync(running, used);
    }

    /// <summary>Writes survive an outage of Redis: they are retried for minutes, until Redis accepts them.</summary>
    private async ValueTask<T> InStoreAsync<T>(LeasedJob job, string operation, Func<CancellationToken, Task<T>> write)
    {
        using var activity = JobActivities.StartSettle(job, operation);
        try
        {
            return await write(CancellationToken.None);
        }
        catch (QueueUnavailableException)
        {
            return await _commit.ExecuteAsync(static async (write, token) => await write(token), write, CancellationToken.None);
        }
    }
}

/// <summary>A run was stopped after it had taken tokens.</summary>
/// <param name="usage">What it took, as <see cref="JobOutcome.Usage"/>.</param>
public sealed class RunStoppedException(string usage) : OperationCanceledException("The run was stopped.")
{
    /// <summary>What it took, as <see cref="JobOutcome.Usage"/>.</summary>
    public string Usage { get; } = usage;
}
