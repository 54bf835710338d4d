using System.Diagnostics;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Results;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Idempotency;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Submission;

/// <summary>Submits admitted calls as jobs, and waits for them if the caller does.</summary>
internal sealed class JobCalls(
    IJobStore store, IIdempotencyKeys keys, AwaitedJobs waiters, WorkerWait workers, GatewayName name,
    IOptions<JobsOptions> options, TimeProvider time, ILogger<JobCalls> logger)
{
    /// <summary>The resolution of the queue's times.</summary>
    private static readonly TimeSpan ShortestDeadline = TimeSpan.FromMilliseconds(1);

    /// <summary>Submits a call without waiting for its result. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve; the job may have been stored nevertheless.</exception>
    public async Task<(Job? Job, InferenceError? Error)> SubmitAsync(AdmittedCall call, JobTerms terms)
    {
        if (await ClaimAsync(call, terms) is not { } claim) return (null, Refusals.IdempotencyConflict());

        if (await LimitAsync(claim, call, terms, waits: false) is { } limited) return (null, limited);

        var id = claim.Id;
        var (error, submitted) = await SubmitAsync(claim, call, terms, watcher: null);
        if (error is not null) return (null, error);
        terms.Limits?.GoesOn();
        if (submitted.Outcome == SubmitOutcome.Accepted) return (Submitted(id, call, terms, submitted), null);

        var job = await store.ReadAsync(id, watcher: null, withOutput: true, CancellationToken.None);
        return job is null ? (null, Refusals.JobLost()) : (job, null);
    }

    /// <summary>
    /// Submits a call and waits for its end, as long as a worker serves its model or one comes soon. A client that disconnects cancels its
    /// job, unless the job has an idempotency key with which the client may repeat the call. The wait then ends with
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <exception cref="QueueUnavailableException">Redis did not accept the job.</exception>
    public async Task<CallEnd> RunAsync(AdmittedCall call, JobTerms terms, CancellationToken cancellationToken)
    {
        var (claim, left, refused) = await BeginAsync(call, terms, cancellationToken);
        if (refused is not null) return new CallEnd(null, null, refused);

        var id = claim.Id;
        // :: Step 3: submit. The waiter is registered first, because the job may end before its submit has returned.
        using var waiter = waiters.Register(id);
        var (error, submitted) = await SubmitAsync(claim, call, terms with { Deadline = left }, name.Value);
        if (error is not null) return new CallEnd(null, null, error);

        waiter.Submitted();
        if (terms.IdempotencyKey is not null) terms.Limits?.GoesOn();
        using var wait = JobActivities.StartWait(id);
        try
        {
            if (submitted.Outcome == SubmitOutcome.AlreadyThere
                && await store.ReadAsync(id, name.Value, withOutput: true, cancellationToken) is var earlier
                && earlier is not { Status.IsFinished: false })
            {
                return End(id, earlier, terms);
            }

            return await WaitAsync(id, waiter, call, terms, left, cancellationToken);
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

    /// <summary>
    /// Submits a call whose job will be followed; the result has the job's id, or an error. It waits for a worker as <see cref="RunAsync"/>
    /// does.
    /// </summary>
    /// <exception cref="QueueUnavailableException">Redis did not accept the job.</exception>
    public async Task<CallEnd> OpenAsync(AdmittedCall call, JobTerms terms, CancellationToken cancellationToken)
    {
        var (claim, left, refused) = await BeginAsync(call, terms, cancellationToken);
        if (refused is null) (refused, _) = await SubmitAsync(claim, call, terms with { Deadline = left }, watcher: null);
        if (refused is null && terms.IdempotencyKey is not null) terms.Limits?.GoesOn();
        return refused is null ? new CallEnd(claim.Id, null, null) : new CallEnd(null, null, refused);
    }

    /// <summary>Cancels the job of a client that has disconnected, unless the job has an idempotency key.</summary>
    public Task AbandonAsync(JobId id, JobTerms terms) => terms.IdempotencyKey is null ? CancelAsync(id, terms.Tenant) : Task.CompletedTask;

    /// <summary>Chooses the id of the call's job and waits for a worker; returns the time until its deadline.</summary>
    private async Task<(Claim Claim, TimeSpan Left, InferenceError? Refused)> BeginAsync(
        AdmittedCall call, JobTerms terms, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (await ClaimAsync(call, terms) is not { } claim) return (default, default, Refusals.IdempotencyConflict());

        if (await LimitAsync(claim, call, terms, waits: true) is { } limited) return (claim, default, limited);

        // A repeated call has its job already, and may have its answer.
        if (!claim.IsNew || call.Provider is not null) return (claim, terms.Deadline, null);
        if (await workers.WaitAsync(call.Model, terms.Deadline, cancellationToken) is { } waited)
            return (claim, TimeSpan.FromTicks(Math.Max((terms.Deadline - waited).Ticks, ShortestDeadline.Ticks)), null);

        await ReleaseAsync(claim, terms);
        return (claim, default, Refusals.ModelUnavailable(call.Model));
    }

    /// <summary>
    /// Waits for the job's end. The wait ends when the model has had no worker for too long, unless the job runs. Then its lease decides,
    /// and the job is checked again after the same time.
    /// </summary>
    private async Task<CallEnd> WaitAsync(
        JobId id, JobWaiter waiter, AdmittedCall call, JobTerms terms, TimeSpan left, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var gone = call.Provider is null ? workers.Gone(call.Model) : CancellationToken.None;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, gone);
            var rest = left - time.GetElapsedTime(start);
            try
            {
                return End(id, await waiter.Ended.WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, time, either.Token), terms);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                if (await WaitsStillAsync(id, terms)) return new CallEnd(id, null, Refusals.ModelUnavailable(call.Model));
            }
        }
    }

    /// <summary>Whether the job still waits, so that its call may be given up. A job without an idempotency key is then canceled.</summary>
    private async Task<bool> WaitsStillAsync(JobId id, JobTerms terms)
    {
        try
        {
            var status = terms.IdempotencyKey is null
                ? await store.WithdrawAsync(id, terms.Tenant, CancellationToken.None)
                : (await store.ReadAsync(id, watcher: null, withOutput: false, CancellationToken.None))?.Status;
            return status == JobStatus.Queued;
        }
        catch (QueueUnavailableException outage)
        {
            Log.CancelFailed(logger, id.ToString(), outage.Message);
            return false;
        }
    }

    private static CallEnd End(JobId id, Job? job, JobTerms terms)
    {
        if (job is null) return new(id, null, Refusals.JobLost());

        terms.Limits?.Used(job);
        return new(id, job, job.Error);
    }

    /// <summary>Counts the call against its caller's limits. A call whose job is there has been counted with its first request.</summary>
    private async ValueTask<InferenceError?> LimitAsync(Claim claim, AdmittedCall call, JobTerms terms, bool waits)
    {
        if (terms.Limits is not { } limits) return null;
        if (!claim.IsNew && await store.ReadAsync(claim.Id, watcher: null, withOutput: false, CancellationToken.None) is not null)
            return null;

        var refused = await limits.TakeAsync(
            claim.Id.Key, call.Tokens, terms.Deadline, waits, isRepeatable: terms.IdempotencyKey is not null, CancellationToken.None);
        if (refused is not null) await ReleaseAsync(claim, terms);
        return refused;
    }

    /// <summary>
    /// The job's id: a new one, or that of the first call with the same key; null when the key belongs to another request.
    /// </summary>
    private async ValueTask<Claim?> ClaimAsync(AdmittedCall call, JobTerms terms)
    {
        var id = JobId.New(call.Queue, time.GetUtcNow());
        if (terms.IdempotencyKey is not { } key) return new Claim(id, IsNew: true);
        return await keys.ClaimAsync(terms.Tenant, key, id, CancellationToken.None) is { } claimed
            ? new Claim(claimed, claimed == id)
            : null;
    }

    /// <summary>
    /// Releases the key of a refused call, if this call had claimed it. A repeated call may have submitted the job in the meantime.
    /// Whichever of the two calls sees the job afterwards claims the key for it again.
    /// </summary>
    private async Task ReleaseAsync(Claim claim, JobTerms terms)
    {
        if (terms.IdempotencyKey is not { } key || !claim.IsNew) return;

        await keys.ReleaseAsync(terms.Tenant, key, claim.Id, CancellationToken.None);
        if (await store.ReadAsync(claim.Id, watcher: null, withOutput: false, CancellationToken.None) is not null)
            await keys.ClaimAsync(terms.Tenant, key, claim.Id, CancellationToken.None);
    }

    /// <summary>
    /// Submits the job. This is not canceled half-way, because the answer tells whether there is a job to cancel. The time limit of every
    /// Redis call bounds it.
    /// </summary>
    private async Task<(InferenceError? Error, SubmitResult Submitted)> SubmitAsync(
        Claim claim, AdmittedCall call, JobTerms terms, string? watcher)
    {
        var id = claim.Id;
        using var activity = JobActivities.StartSubmit(id, call.Task.Operation, call.Model);
        var submitted = await store.SubmitAsync(
            new JobSubmission
            {
                Id = id,
                Endpoint = call.Task.Endpoint,
                Model = call.Model,
                Tenant = terms.Tenant,
                Lane = terms.Lane,
                Cost = call.Cost,
                ResultBytes = call.ResultBytes,
                Body = call.Body,
                Hold = terms.Limits?.Hold,
                HeldTokens = call.Tokens,
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
            SubmitOutcome.TenantBytesFull => Refusals.TenantBytesFull(call.Queue, options.Value.MaxBytesPerTenant),
            _ => null,
        };
        if (refusal is not null)
        {
            activity?.Fail(refusal.Code);
            await ReleaseAsync(claim, terms);
        }
        else if (submitted.Outcome == SubmitOutcome.Accepted && !claim.IsNew)
        {
            // The first call was refused and may have released the key.
            await keys.ClaimAsync(terms.Tenant, terms.IdempotencyKey!, id, CancellationToken.None);
        }

        return (refusal, submitted);
    }

    /// <summary>An accepted job, made from what is known, without reading it from Redis.</summary>
    private static Job Submitted(JobId id, AdmittedCall call, JobTerms terms, SubmitResult submitted) => new()
    {
        Id = id,
        Status = JobStatus.Queued,
        Endpoint = call.Task.Endpoint,
        Model = call.Model,
        Tenant = terms.Tenant,
        Lane = terms.Lane,
        CreatedAt = submitted.At,
        Deadline = submitted.At + terms.Deadline,
        Attempts = 0,
        History = JobHistory.Begin(submitted.At),
        Metadata = terms.Metadata,
        Position = submitted.Position,
        TraceId = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.TraceId.ToHexString() : null,
    };

    private async Task CancelAsync(JobId id, string tenant)
    {
        try
        {
            // The request's own token is already canceled, but this must be sent nevertheless.
            var status = await store.CancelAsync(id, tenant, CancellationToken.None);
            Log.CanceledForClient(logger, id.ToString(), status?.Name ?? "gone");
        }
        catch (QueueUnavailableException outage)
        {
            Log.CancelFailed(logger, id.ToString(), outage.Message);
        }
    }

    /// <summary>The id of a call's job, and whether this call is the first with it.</summary>
    private readonly record struct Claim(JobId Id, bool IsNew);
}

/// <summary>How a synchronous call ended.</summary>
/// <param name="Id">Its job; null when none was made.</param>
/// <param name="Job">The job if it has ended; null if the wait ended before, or the job was lost.</param>
/// <param name="Error">Why there is no result; null when there is one.</param>
internal readonly record struct CallEnd(JobId? Id, Job? Job, InferenceError? Error)
{
    /// <summary>Says in an answer's headers which job it was, and how often a worker took it.</summary>
    public void Describe(HttpResponse response)
    {
        if (Id is { } id) response.SetJobId(id);
        if (Job is { Attempts: > 0 and var attempts }) response.SetAttempts(attempts);
    }
}
