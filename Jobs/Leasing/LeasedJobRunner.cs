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
    /// Runs the job. Expected errors are returned as a failed outcome; an exception is a bug or a fault of the machine.
    /// </param>
    public async Task RunAsync(RunningJob running, Func<LeasedJob, CancellationToken, Task<JobOutcome>> run)
    {
        var job = running.Job;
        using var activity = JobActivities.StartProcess(job, ModelTasks.OperationOf(job.Endpoint), running.Lease);
        var outcome = await OutcomeAsync(running, run);

        if (outcome is null)
        {
            await GiveUpAsync(running);
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
            return;
        }

        var stored = await InStoreAsync(job, "commit", token => store.CommitAsync(job, outcome, token));
        if (stored) Count(job, outcome);
        else Log.ResultNotWanted(logger, job.Id, job.Attempt);
        metrics.RunEnded(job.Model, running.Elapsed, !stored ? "refused" : outcome.Error is null ? "succeeded" : "failed");
    }

    private void Count(LeasedJob job, JobOutcome outcome)
    {
        metrics.Ended(job.Model, outcome.Error is null ? JobStatus.Succeeded : JobStatus.Failed);
        var (input, output) = UsageJson.Read(outcome.Usage);
        usage.Add(job.Tenant, job.Model, failed: outcome.Error is not null, input, output, hold: job.Hold);
    }

    private async Task<JobOutcome?> OutcomeAsync(RunningJob running, Func<LeasedJob, CancellationToken, Task<JobOutcome>> run)
    {
        try
        {
            return await run(running.Job, running.Token);
        }
        catch (OperationCanceledException) when (running.Token.IsCancellationRequested)
        {
            return null;
        }
#pragma warning disable CA1031 // Whatever it was, the job must be given back with a reason, not wait for its lease to end
        catch (Exception unforeseen)
        {
            Log.RunThrew(logger, unforeseen, running.Job.Id, running.Job.Attempt);
            return JobOutcome.Failure(new InferenceError
            {
                Kind = InferenceErrorKind.Internal,
                Message = "The worker failed unexpectedly on this job; its log has the details.",
            });
        }
#pragma warning restore CA1031
    }

    private async Task GiveUpAsync(RunningJob running)
    {
        if (running.Reason == StopReason.ShuttingDown)
            await InStoreAsync(running.Job, "release", token => store.ReleaseAsync(running.Job, error: null, token));

        Log.RunStopped(logger, running.Job.Id, running.Job.Attempt, running.Reason);
        metrics.RunEnded(running.Job.Model, running.Elapsed, running.Reason == StopReason.ShuttingDown ? "returned" : "stopped");
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
