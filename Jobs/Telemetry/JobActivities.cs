using System.Diagnostics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>Spans of a job's way, with OpenTelemetry's messaging names. The trace context rides in the job.</summary>
public static class JobActivities
{
    /// <summary>The span of a submit; its id is the parent of what the worker does.</summary>
    public static Activity? StartSubmit(JobId job, string endpoint, string model)
    {
        if (!TelemetrySources.Activities.HasListeners()) return null;

        var activity = TelemetrySources.Activities.StartActivity($"submit {job.Queue}", ActivityKind.Producer);
        Describe(activity, job, "send", endpoint, model);
        return activity;
    }

    /// <summary>The span of a run, from the lease to the commit.</summary>
    internal static Activity? StartProcess(LeasedJob job)
    {
        if (!TelemetrySources.Activities.HasListeners()) return null;

        ActivityContext.TryParse(job.Traceparent, null, isRemote: true, out var parent);
        var activity = TelemetrySources.Activities.StartActivity($"process {job.Id.Queue}", ActivityKind.Consumer, parent);
        Describe(activity, job.Id, "process", job.Endpoint, job.Model);
        activity?.SetTag("aiplatform.job.attempt", job.Attempt);
        return activity;
    }

    private static void Describe(Activity? activity, JobId job, string operation, string endpoint, string model)
    {
        if (activity is null) return;
        activity.SetTag("messaging.system", "redis");
        activity.SetTag("messaging.operation.type", operation);
        activity.SetTag("messaging.destination.name", job.Queue.Value);
        activity.SetTag("messaging.message.id", job.ToString());
        activity.SetTag("gen_ai.request.model", model);
        activity.SetTag("url.path", endpoint);
    }
}
