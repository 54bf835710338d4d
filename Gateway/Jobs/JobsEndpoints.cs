using System.Text.Json.Nodes;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Problems;
using AiPlatform.Gateway.Submission;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Jobs;

/// <summary><c>/v1/jobs</c>. A tenant sees only its own jobs; those of others do not exist for it.</summary>
internal static class JobsEndpoints
{
    public const string Path = "/v1/jobs";

    private const string IdDescription = "The job's id, as its submit answered it.";
    private const string WaitName = "wait";
    private const double LongestWaitSeconds = 60;

    private static readonly OpenApiSchemaReference Id = new("JobId");

    private static readonly OpenApiSchema WaitSchema = new()
    {
        Type = JsonSchemaType.Number,
        Minimum = "0",
        Maximum = $"{LongestWaitSeconds}",
    };

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup(Path).WithTags("Jobs").WithMetadata(Dialect.Native);
        jobs.MapPost("", PostAsync)
            .WithName("submitJob").WithSummary("Submits a call as a job, which runs in the background")
            .WithDescription("A chat cannot stream.")
            .Accepts<JobRequest>("application/json").WithHeader(
                IdempotencyHeader.Name, IdempotencyHeader.Description, IdempotencyHeader.Schema)
            .WithExample(
                """{"endpoint":"/v1/embeddings","body":{"model":"all-minilm-l6-v2","input":"The sky is blue."},"metadata":{"page":"7"}}""")
            .WithProblems(400, 404, 408, 413, 415, 422, 429);
        jobs.MapGet("", ListAsync)
            .WithName("listJobs").WithSummary("Lists jobs, the newest first, without their output")
            .WithQuery(JobListQuery.StatusName, "Only jobs with this status.", JobListQuery.StatusSchema)
            .WithQuery(JobListQuery.ModelName, "Only jobs of this model.", JobListQuery.ModelSchema)
            .WithQuery(JobListQuery.LimitName, "Most jobs in the answer.", JobListQuery.LimitSchema)
            .WithQuery(JobListQuery.AfterName, "The 'last_id' of the page before. Only jobs older than this one are listed.", Id)
            .WithProblems(400);
        jobs.MapGet("{id}", GetAsync)
            .WithName("getJob").WithSummary("Reads a job; 'wait' waits for its end")
            .WithPath("id", IdDescription, Id)
            .WithQuery(WaitName, "Seconds to wait for the end, decimals allowed; 0 when absent.", WaitSchema)
            .WithAnswerHeaders(200, CallHeaders.JobIdName, CallHeaders.ModelName)
            .WithProblems(400, 404);
        jobs.MapDelete("{id}", DeleteAsync)
            .WithName("cancelJob").WithSummary("Cancels a job; an ended job stays as it is")
            .WithPath("id", IdDescription, Id)
            .WithAnswerHeaders(200, CallHeaders.JobIdName, CallHeaders.ModelName)
            .WithProblems(404);
        jobs.MapPost("{id}/retry", RetryAsync)
            .WithName("retryJob").WithSummary("Runs a failed, canceled or expired job again")
            .WithPath("id", IdDescription, Id)
            .WithAnswerHeaders(200, CallHeaders.JobIdName, CallHeaders.ModelName)
            .WithProblems(404, 409, 429);
        jobs.MapGet("{id}/events", JobEventsEndpoint.GetAsync)
            .WithName("followJob").WithSummary("Streams the events of a job until its end (server-sent events)")
            .WithDescription(JobEventsEndpoint.Description)
            .WithPath("id", IdDescription, Id)
            .WithHeader(
                LastEventId.Header, "The id of the last event that was received; only later events are sent. An id that the job has not "
                + "reached is 400.",
                LastEventId.Schema)
            .WithAnswerHeaders(200, CallHeaders.JobIdName, CallHeaders.ModelName)
            .WithAnswerHeaders(204, CallHeaders.JobIdName, CallHeaders.ModelName)
            .WithEvents(
                "Each event has the id for Last-Event-ID, except 'gap'.",
                (JobEvent.Status, ApiComponents.To("JobStatusEvent")), (JobEvent.Output, new JsonObject()),
                (JobEvent.Progress, ApiComponents.To("JobProgress")), ("gap", ApiComponents.To("JobEventGap")),
                ("done", ApiComponents.To(nameof(JobResource))))
            .WithProblems(400, 404);
    }

    private static async Task<Results<JobAccepted, Problem>> PostAsync(
        HttpContext context, CallAdmission admission, JobCalls jobs, CallLimiter limiter)
    {
        // :: Step 1: admit. The idempotency key of the request.
        if (RequestBody.CheckType(context.Request) is { } notJson) return new Problem(notJson);
        if (!IdempotencyHeader.TryParse(context.Request.Headers[IdempotencyHeader.Name], out var key, out var badKey))
            return new Problem(badKey);

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var (request, malformed) = JobRequestParser.Parse(body);
        if (request is null) return new Problem(malformed!);

        var (call, invalid) = await admission.AdmitAsync(request.Task, request.Body, context.RequestAborted);
        if (call is { Streams: true, Provider: not null }) (call, invalid) = (null, Refusals.JobCannotStream());
        if (call is null) return new Problem(InsideBody(invalid!));

        context.Response.SetModel(call.Model);
        var terms = new JobTerms
        {
            Tenant = context.Caller.Tenant,
            Lane = request.Lane,
            Deadline = request.Deadline,
            Metadata = request.Metadata,
            Limits = limiter.Of(context),
            IdempotencyKey = IdempotencyHeader.Of(key, Path, body.Span),
        };
        var (job, refused) = await jobs.SubmitAsync(call, terms);
        return job is null ? new Problem(refused!) : new JobAccepted(job);
    }

    private static async Task<Results<Ok<JobList>, Problem>> ListAsync(HttpContext context, OwnJobs own)
    {
        if (!JobListQuery.TryParse(context.Request.Query, out var query, out var invalid)) return new Problem(invalid);

        var (jobs, next) = await own.ListAsync(query, context.Caller, context.RequestAborted);
        return TypedResults.Ok(JobList.Of(jobs, next));
    }

    private static async Task<Results<Ok<JobResource>, Problem>> GetAsync(
        string id,
        HttpContext context,
        OwnJobs own)
    {
        var seconds = 0d;
        var waits = context.Request.Query[WaitName];
        if (waits.Count > 0
            && !(waits is [{ } wait] && RequestTimeout.TryParseSeconds(wait, out seconds) && seconds is >= 0 and <= LongestWaitSeconds))
        {
            return new Problem(
                InferenceError.Invalid("wait", $"wait must be one number of seconds from 0 to {LongestWaitSeconds}."));
        }

        if (!JobId.TryParse(id, out var jobId)) return new Problem(Refusals.JobNotFound(id));

        var job = await own.ReadAsync(jobId, context.Caller, TimeSpan.FromSeconds(seconds), context.RequestAborted);
        return Answer(context, jobId, job);
    }

    private static async Task<Results<Ok<JobResource>, Problem>> DeleteAsync(string id, HttpContext context, OwnJobs own) =>
        JobId.TryParse(id, out var jobId)
            ? Answer(context, jobId, await own.CancelAsync(jobId, context.Caller, context.RequestAborted))
            : new Problem(Refusals.JobNotFound(id));

    private static async Task<Results<Ok<JobResource>, Problem>> RetryAsync(
        string id, HttpContext context, OwnJobs own, CallLimiter limiter)
    {
        if (!JobId.TryParse(id, out var jobId)) return new Problem(Refusals.JobNotFound(id));

        var (job, refused) = await own.RequeueAsync(jobId, context.Caller, limiter.Of(context), context.RequestAborted);
        return refused is null ? Answer(context, jobId, job) : new Problem(refused, id);
    }

    private static Results<Ok<JobResource>, Problem> Answer(HttpContext context, JobId id, Job? job)
    {
        if (job is null) return new Problem(Refusals.JobNotFound(id.ToString()), id.ToString());

        context.Response.SetJobId(id);
        context.Response.SetModel(job.Model);
        return TypedResults.Ok(JobResource.Of(job));
    }

    /// <summary>The error of the synchronous call, with the field's name relative to this body.</summary>
    private static InferenceError InsideBody(InferenceError error) =>
        error with { Param = error.Param is { } param ? $"body.{param}" : "body" };
}
