using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Problems;
using AiPlatform.Gateway.Results.Following;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AiPlatform.Gateway.Jobs;

/// <summary><c>GET /v1/jobs/{id}/events</c>.</summary>
internal static class JobEventsEndpoint
{
    public const string Description =
        "Events 'status', 'output' and 'progress' from the job's submit on, the same with the same ids for every reader; 'gap' where the "
        + "log has expired; at the end 'done' with the whole job. 204 when 'done' was seen already.";

    public static async Task<Results<JobEventStream, NoContent, Problem>> GetAsync(
        string id, HttpContext context, OwnJobs own, JobFollowing following)
    {
        if (!LastEventId.TryParse(context.Request.Headers[LastEventId.Header], out var after, out var badId)) return new Problem(badId);
        if (!JobId.TryParse(id, out var jobId)) return new Problem(Refusals.JobNotFound(id));

        var job = await own.ReadAsync(jobId, context.Caller, TimeSpan.Zero, context.RequestAborted);
        if (job is null) return new Problem(Refusals.JobNotFound(id), id);

        context.Response.SetJobId(jobId);
        context.Response.SetModel(job.Model);
        if (after > LastOf(job)) return new Problem(LastEventId.NotYet(after), id);
        // The client has seen 'done'. This status tells an EventSource not to reconnect.
        if (job.Status.IsFinished && after == job.LastSequence) return TypedResults.NoContent();

        return new JobEventStream(following.FollowAsync(jobId, after, CancellationToken.None), after);
    }

    /// <summary>The number of the job's latest event.</summary>
    private static long LastOf(Job job) => job.LastSequence + job.EventCount - job.History.Changes[^1].EventsBefore;
}
