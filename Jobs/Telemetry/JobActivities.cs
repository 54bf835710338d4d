using System.Diagnostics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>
/// Spans of a job, with OpenTelemetry's messaging names: <c>submit</c>, <c>lease</c>, <c>process</c>, <c>commit</c> or <c>release</c>,
/// <c>wait</c>, each with the queue's name. The job carries the trace context.
/// </summary>
public static class JobActivities
{
    private static ActivitySource Source => TelemetrySources.Activities;

    /// <summary>Starts the span of a submit, which is the parent of the worker's spans.</summary>
    public static Activity? StartSubmit(JobId job, string operation, string model)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"submit {job.Queue.Name}", ActivityKind.Producer);
        Describe(activity, job, "submit", "send");
        return DescribeCall(activity, operation, model);
    }

    /// <summary>Starts the span of waiting for a job's end, from its submit to the notification of its end.</summary>
    public static Activity? StartWait(JobId job)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"wait {job.Queue.Name}");
        Describe(activity, job, "wait", type: null);
        return activity;
    }

    /// <summary>The start time of a call that leases, for <see cref="Leased"/>; null when no listener is registered.</summary>
    internal static DateTimeOffset? BeforeLease(TimeProvider time) => Source.HasListeners() ? time.GetUtcNow() : null;

    /// <summary>Records the call that leased a job in the job's own trace.</summary>
    /// <param name="job">The job.</param>
    /// <param name="together">Jobs that the call leased.</param>
    /// <param name="began">The result of <see cref="BeforeLease"/>.</param>
    /// <returns>The parent of the following spans; none when no listener is registered.</returns>
    internal static ActivityContext Leased(LeasedJob job, int together, DateTimeOffset? began)
    {
        if (began is not { } start) return default;

        ActivityContext.TryParse(job.Traceparent, null, isRemote: true, out var submitted);
        using var activity = Source.StartActivity(ActivityKind.Client, submitted, startTime: start, name: $"lease {job.Id.Queue.Name}");
        Describe(activity, job.Id, "lease", "receive");
        activity?.SetTag("messaging.batch.message_count", together);
        return activity?.Context ?? submitted;
    }

    /// <summary>Starts the span of a run, from the lease to the commit.</summary>
    /// <param name="job">The job.</param>
    /// <param name="operation">The operation of its task, such as <c>chat</c>.</param>
    /// <param name="leased">The result of <see cref="Leased"/>.</param>
    internal static Activity? StartProcess(LeasedJob job, string operation, ActivityContext leased)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"process {job.Id.Queue.Name}", ActivityKind.Consumer, leased);
        Describe(activity, job.Id, "process", "process");
        activity?.SetTag("messaging.message.body.size", job.Body.Length);
        activity?.SetTag("aiplatform.job.attempt", job.Attempt);
        return DescribeCall(activity, operation, job.Model);
    }

    /// <summary>Starts the span of writing the outcome of a run.</summary>
    /// <param name="job">The job.</param>
    /// <param name="operation"><c>commit</c> or <c>release</c>.</param>
    internal static Activity? StartSettle(LeasedJob job, string operation)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"{operation} {job.Id.Queue.Name}", ActivityKind.Client);
        Describe(activity, job.Id, operation, "settle");
        return activity;
    }

    private static void Describe(Activity? activity, JobId job, string operation, string? type)
    {
        if (activity is null) return;
        activity.SetTag("messaging.system", "redis");
        activity.SetTag("messaging.operation.name", operation);
        // Its name before the conventions of 2024, which Aspire's dashboard and others show.
        activity.SetTag("messaging.operation", operation);
        if (type is not null) activity.SetTag("messaging.operation.type", type);
        activity.SetTag("messaging.destination.name", job.Queue.Name);
        activity.SetTag("messaging.message.id", job.ToString());
    }

    private static Activity? DescribeCall(Activity? activity, string operation, string model)
    {
        activity?.SetTag("gen_ai.operation.name", operation);
        activity?.SetTag("gen_ai.request.model", model);
        return activity;
    }
}
