using System.Diagnostics;
using AiPlatform.Gateway.Results;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Telemetry;

namespace AiPlatform.Gateway.Admission;

/// <summary>Makes jobs of admitted calls: to be waited for, or to be asked for later.</summary>
internal sealed class JobCalls(IJobStore store, JobWaiters waiters, GatewayName name, TimeProvider time, ILogger<JobCalls> logger)
{
    /// <summary>Submits a call whose result is to be asked for later. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve; the job may be there all the same.</exception>
    public async Task<(Job? Job, InferenceError? Error)> SubmitAsync(AdmittedCall call, TimeSpan deadline, string? metadata)
    {
        var id = JobId.New(call.Queue, time.GetUtcNow());
        var (error, depth) = await SubmitAsync(id, call, deadline, metadata, watcher: null);
        return error is null ? (await ReadSubmittedAsync(id, call, deadline, metadata, depth), null) : (null, error);
    }

    /// <summary>
    /// Submits a call and waits for its end. A client that leaves cancels its job: the wait then ends with
    /// <see cref="OperationCanceledException"/>. The id is null when no job was made.
    /// </summary>
    /// <exception cref="QueueUnavailableException">Redis did not take the job.</exception>
    public async Task<(JobId? Id, JobEnd End)> RunAsync(AdmittedCall call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = JobId.New(call.Queue, time.GetUtcNow());

        // :: Step 3: submit. The waiter is registered first: the job may end before its submit has returned.
        using var waiter = waiters.Register(id, wantsResult: true);
        var (error, _) = await SubmitAsync(id, call, timeout, metadata: null, name.Value);
        if (error is not null) return (null, new JobEnd(0, null, error));

        waiter.Submitted();
        try
        {
            return (id, await waiter.Ended.WaitAsync(timeout, time, cancellationToken));
        }
        catch (TimeoutException)
        {
            return (id, new JobEnd(0, null, Refusals.DeadlineExceeded(timeout)));
        }
        catch (OperationCanceledException)
        {
            await CancelAsync(id);
            throw;
        }
    }

    /// <summary>Not canceled half-way: the answer tells whether there is a job to cancel. Bounded by the time limit of every Redis call.</summary>
    private async Task<(InferenceError? Error, long Depth)> SubmitAsync(
        JobId id, AdmittedCall call, TimeSpan deadline, string? metadata, string? watcher)
    {
        using var activity = JobActivities.StartSubmit(id, call.Endpoint, call.Model);
        var submitted = await store.SubmitAsync(
            new JobSubmission
            {
                Id = id,
                Endpoint = call.Endpoint,
                Model = call.Model,
                Tenant = Tenants.Anonymous,
                Lane = Lanes.Default,
                Body = call.Body,
                Deadline = deadline,
                Metadata = metadata,
                Traceparent = (activity ?? Activity.Current) is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null,
                Watcher = watcher,
            },
            CancellationToken.None);
        return submitted.Outcome == SubmitOutcome.QueueFull
            ? (Refusals.QueueFull(call.Queue, submitted.Depth), submitted.Depth)
            : (null, submitted.Depth);
    }

    /// <summary>The job as it stands in Redis. It is accepted, so an outage in this moment must not turn it into an error.</summary>
    private async Task<Job> ReadSubmittedAsync(JobId id, AdmittedCall call, TimeSpan deadline, string? metadata, long depth)
    {
        try
        {
            if (await store.ReadAsync(id, watcher: null, withOutput: true, CancellationToken.None) is { } job) return job;
        }
        catch (QueueUnavailableException outage)
        {
            Log.LookUpAway(logger, outage.Message);
        }

        var now = time.GetUtcNow();
        return new Job
        {
            Id = id,
            Status = JobStatus.Queued,
            Endpoint = call.Endpoint,
            Model = call.Model,
            Tenant = Tenants.Anonymous,
            Lane = Lanes.Default,
            CreatedAt = now,
            Deadline = now + deadline,
            Attempts = 0,
            Metadata = metadata,
            Position = Math.Max(0, depth - 1),
        };
    }

    private async Task CancelAsync(JobId id)
    {
        try
        {
            // The request's own token is canceled already; this must be sent all the same.
            var status = await store.CancelAsync(id, CancellationToken.None);
            Log.CanceledForClient(logger, id.ToString(), status?.Name ?? "gone");
        }
        catch (QueueUnavailableException outage)
        {
            Log.CancelFailed(logger, id.ToString(), outage.Message);
        }
    }
}
