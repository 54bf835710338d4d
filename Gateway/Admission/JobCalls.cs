using System.Diagnostics;
using AiPlatform.Gateway.Results;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Admission;

/// <summary>Makes jobs of admitted calls: to be waited for, or to be asked for later.</summary>
internal sealed class JobCalls(
    IJobStore store, IIdempotencyKeys keys, JobWaiters waiters, GatewayName name, TimeProvider time, ILogger<JobCalls> logger)
{
    /// <summary>Submits a call whose result is to be asked for later. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve; the job may be there all the same.</exception>
    public async Task<(Job? Job, InferenceError? Error)> SubmitAsync(AdmittedCall call, JobTerms terms)
    {
        if (await IdOfAsync(call, terms) is not { } id) return (null, Refusals.IdempotencyConflict());

        var (error, submitted) = await SubmitAsync(id, call, terms, watcher: null);
        if (error is not null) return (null, error);
        if (submitted.Outcome == SubmitOutcome.Accepted) return (Submitted(id, call, terms, submitted), null);

        var job = await store.ReadAsync(id, watcher: null, withOutput: true, CancellationToken.None);
        return job is null ? (null, Refusals.JobLost()) : (job, null);
    }

    /// <summary>
    /// Submits a call and waits for its end. A client that leaves cancels its job, unless it named it by an idempotency key under
    /// which it may come again: the wait then ends with <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <exception cref="QueueUnavailableException">Redis did not take the job.</exception>
    public async Task<CallEnd> RunAsync(AdmittedCall call, JobTerms terms, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (await IdOfAsync(call, terms) is not { } id) return new CallEnd(null, null, Refusals.IdempotencyConflict());

        // :: Step 3: submit. The waiter is registered first: the job may end before its submit has returned.
        using var waiter = waiters.Register(id);
        var (error, submitted) = await SubmitAsync(id, call, terms, name.Value);
        if (error is not null) return new CallEnd(null, null, error);

        waiter.Submitted();
        using var wait = JobActivities.StartWait(id);
        try
        {
            if (submitted.Outcome == SubmitOutcome.AlreadyThere
                && await store.ReadAsync(id, name.Value, withOutput: true, cancellationToken) is var earlier
                && earlier is not { Status.IsFinished: false })
            {
                return End(id, earlier);
            }

            return End(id, await waiter.Ended.WaitAsync(terms.Deadline, time, cancellationToken));
        }
        catch (TimeoutException)
        {
            return new CallEnd(id, null, Refusals.DeadlineExceeded(terms.Deadline));
        }
        catch (OperationCanceledException)
        {
            if (terms.IdempotencyKey is null) await CancelAsync(id, terms.Tenant);
            throw;
        }
    }

    private static CallEnd End(JobId id, Job? job) => new(id, job, job is null ? Refusals.JobLost() : job.Error);

    /// <summary>The job's id: a new one, or the one that the call had when it came before; null when that was another call.</summary>
    private async ValueTask<JobId?> IdOfAsync(AdmittedCall call, JobTerms terms)
    {
        var id = JobId.New(call.Queue, time.GetUtcNow());
        return terms.IdempotencyKey is { } key ? await keys.ClaimAsync(terms.Tenant, key, id, CancellationToken.None) : id;
    }

    /// <summary>Not canceled half-way: the answer tells whether there is a job to cancel. Bounded by the time limit of every Redis call.</summary>
    private async Task<(InferenceError? Error, SubmitResult Submitted)> SubmitAsync(JobId id, AdmittedCall call, JobTerms terms, string? watcher)
    {
        using var activity = JobActivities.StartSubmit(id, call.Endpoint, call.Model);
        var submitted = await store.SubmitAsync(
            new JobSubmission
            {
                Id = id,
                Endpoint = call.Endpoint,
                Model = call.Model,
                Tenant = terms.Tenant,
                Lane = terms.Lane,
                Cost = call.Cost,
                Body = call.Body,
                Deadline = terms.Deadline,
                Metadata = terms.Metadata,
                Traceparent = (activity ?? Activity.Current) is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null,
                Watcher = watcher,
            },
            CancellationToken.None);
        var refusal = submitted.Outcome switch
        {
            SubmitOutcome.QueueFull => Refusals.QueueFull(call.Queue, submitted.Depth, submitted.DrainPerSecond),
            SubmitOutcome.TenantFull => Refusals.TenantQueueFull(call.Queue, submitted.Depth, submitted.DrainPerSecond),
            _ => null,
        };
        if (refusal is not null) activity?.Fail(refusal.Code);
        return (refusal, submitted);
    }

    /// <summary>An accepted job, without asking Redis for what is known.</summary>
    private static Job Submitted(JobId id, AdmittedCall call, JobTerms terms, SubmitResult submitted) => new()
    {
        Id = id,
        Status = JobStatus.Queued,
        Endpoint = call.Endpoint,
        Model = call.Model,
        Tenant = terms.Tenant,
        Lane = terms.Lane,
        CreatedAt = submitted.At,
        Deadline = submitted.At + terms.Deadline,
        Attempts = 0,
        History = JobHistory.Begin(submitted.At),
        Metadata = terms.Metadata,
        Position = submitted.Depth,
    };

    private async Task CancelAsync(JobId id, string tenant)
    {
        try
        {
            // The request's own token is canceled already; this must be sent all the same.
            var status = await store.CancelAsync(id, tenant, CancellationToken.None);
            Log.CanceledForClient(logger, id.ToString(), status?.Name ?? "gone");
        }
        catch (QueueUnavailableException outage)
        {
            Log.CancelFailed(logger, id.ToString(), outage.Message);
        }
    }
}
