using System.ComponentModel;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace AiPlatform.Gateway.Jobs;

/// <summary><c>/v1/jobs</c>.</summary>
internal static class JobsEndpoints
{
    public const string Path = "/v1/jobs";

    private const double LongestWaitSeconds = 60;

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup(Path).WithTags("Jobs");
        jobs.MapPost("", PostAsync).Accepts<JobRequest>("application/json").WithName("submitJob").WithSummary("Submits a call to be run in the background");
        jobs.MapGet("{id}", GetAsync).WithName("getJob").WithSummary("Reads a job, and waits for its end when asked to");
        jobs.MapDelete("{id}", DeleteAsync).WithName("cancelJob").WithSummary("Cancels a job; a finished one is left as it is");
    }

    private static async Task<Results<JobAccepted, Problem>> PostAsync(HttpContext context, CallAdmission admission, JobCalls jobs)
    {
        // :: Step 1: admit. Everybody is one tenant.
        if (RequestBody.CheckType(context.Request) is { } notJson) return new Problem(notJson);

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var (request, malformed) = JobRequestParser.Parse(body);
        if (request is null) return new Problem(malformed!);

        var (call, invalid) = await admission.AdmitEmbeddingsAsync(request.Body, context.RequestAborted);
        if (call is null) return new Problem(InsideBody(invalid!));

        context.Response.SetModel(call.Model);
        var (job, refused) = await jobs.SubmitAsync(
            call, new JobTerms { Tenant = Tenants.Anonymous, Lane = request.Lane, Deadline = request.Deadline, Metadata = request.Metadata });
        return job is null ? new Problem(refused!) : new JobAccepted(job);
    }

    private static async Task<Results<Ok<JobResource>, Problem>> GetAsync(
        string id,
        [FromQuery, Description("Seconds to wait for the end, 0 to 60, decimals allowed; 0 when absent.")] string? wait,
        HttpContext context,
        JobReading reading)
    {
        var seconds = 0d;
        if (wait is not null && !(RequestTimeout.TryParseSeconds(wait, out seconds) && seconds is >= 0 and <= LongestWaitSeconds))
            return new Problem(InferenceError.Invalid("wait", $"wait must be a number of seconds from 0 to {LongestWaitSeconds}."));
        if (!JobId.TryParse(id, out var jobId)) return new Problem(Refusals.JobNotFound(id));

        var job = await reading.ReadAsync(jobId, TimeSpan.FromSeconds(seconds), context.RequestAborted);
        return Answer(context, jobId, job);
    }

    private static async Task<Results<Ok<JobResource>, Problem>> DeleteAsync(string id, HttpContext context, IJobStore store)
    {
        if (!JobId.TryParse(id, out var jobId)) return new Problem(Refusals.JobNotFound(id));

        await store.CancelAsync(jobId, Tenants.Anonymous, context.RequestAborted);
        var job = await store.ReadAsync(jobId, watcher: null, withOutput: true, context.RequestAborted);
        return Answer(context, jobId, job);
    }

    private static Results<Ok<JobResource>, Problem> Answer(HttpContext context, JobId id, Job? job)
    {
        if (job is null) return new Problem(Refusals.JobNotFound(id.ToString()), id.ToString());

        context.Response.SetJobId(id);
        context.Response.SetModel(job.Model);
        return TypedResults.Ok(JobResource.Of(job));
    }

    /// <summary>The same error as the synchronous call's, named from where the caller stands.</summary>
    private static InferenceError InsideBody(InferenceError error) =>
        error with { Param = error.Param is { } param ? $"body.{param}" : "body" };
}
