using System.Diagnostics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>
/// Spans of a job's way, with OpenTelemetry's messaging names: <c>submit</c>, <c>lease</c>, <c>process</c>, <c>commit</c> or
/// <c>release</c>, <c>wait</c>, each with the queue's name. The trace context rides in the job.
/// </summary>
public static class JobActivities
{
    private static ActivitySource Source => TelemetrySources.Activities;

    /// <summary>The span of a submit; its id is the parent of what the worker does.</summary>
    public static Activity? StartSubmit(JobId job, string operation, string model)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"submit {job.Queue}", ActivityKind.Producer);
        Describe(activity, job, "submit", "send");
        return DescribeCall(activity, operation, model);
    }

    /// <summary>The span of waiting for a job's end, from its submit to the message that brings it.</summary>
    public static Activity? StartWait(JobId job)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"wait {job.Queue}");
        Describe(activity, job, "wait", type: null);
        return activity;
    }

    /// <summary>When a call that leases begins; to be given to <see cref="Leased"/>. Null when nobody listens.</summary>
    internal static DateTimeOffset? BeforeLease(TimeProvider time) => Source.HasListeners() ? time.GetUtcNow() : null;

    /// <summary>Writes down, in a job's own trace, the call that leased it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="together">Jobs that the call gave.</param>
    /// <param name="began">What <see cref="BeforeLease"/> gave.</param>
    /// <returns>The parent of what follows; none when nobody listens.</returns>
    internal static ActivityContext Leased(LeasedJob job, int together, DateTimeOffset? began)
    {
        if (began is not { } start) return default;

        ActivityContext.TryParse(job.Traceparent, null, isRemote: true, out var submitted);
        using var activity = Source.StartActivity(ActivityKind.Client, submitted, startTime: start, name: $"lease {job.Id.Queue}");
        Describe(activity, job.Id, "lease", "receive");
        activity?.SetTag("messaging.batch.message_count", together);
        return activity?.Context ?? submitted;
    }

    /// <summary>The span of a run, from the lease to the commit.</summary>
    /// <param name="job">The job.</param>
    /// <param name="operation">What its task does, such as <c>chat</c>.</param>
    /// <param name="leased">What <see cref="Leased"/> gave.</param>
    internal static Activity? StartProcess(LeasedJob job, string operation, ActivityContext leased)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"process {job.Id.Queue}", ActivityKind.Consumer, leased);
        Describe(activity, job.Id, "process", "process");
        activity?.SetTag("messaging.message.body.size", job.Body.Length);
        activity?.SetTag("aiplatform.job.attempt", job.Attempt);
        return DescribeCall(activity, operation, job.Model);
    }

    /// <summary>The span of writing how a run ended.</summary>
    /// <param name="job">The job.</param>
    /// <param name="operation"><c>commit</c> or <c>release</c>.</param>
    internal static Activity? StartSettle(LeasedJob job, string operation)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"{operation} {job.Id.Queue}", ActivityKind.Client);
        Describe(activity, job.Id, operation, "settle");
        return activity;
    }

    private static void Describe(Activity? activity, JobId job, string operation, string? type)
    {
        if (activity is null) return;
        activity.SetTag("messaging.system", "redis");
        activity.SetTag("messaging.operation.name", operation);
        if (type is not null) activity.SetTag("messaging.operation.type", type);
        activity.SetTag("messaging.destination.name", job.Queue.Value);
        activity.SetTag("messaging.message.id", job.ToString());
    }

    private static Activity? DescribeCall(Activity? activity, string operation, string model)
    {
        activity?.SetTag("gen_ai.operation.name", operation);
        activity?.SetTag("gen_ai.request.model", model);
        return activity;
    }
}
