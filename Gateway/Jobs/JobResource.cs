using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Json;
using AiPlatform.Gateway.Tasks;
using Microsoft.AspNetCore.Http.Metadata;

namespace AiPlatform.Gateway.Jobs;

/// <summary>A job as the API shows it. All keys are always present; a value that does not exist (yet) is null.</summary>
internal sealed record JobResource
{
    /// <summary><c>job_…</c>; any Gateway finds the job by it.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>job</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The route whose call it runs.</summary>
    public required string Endpoint { get; init; }

    public required string Model { get; init; }

    /// <summary><c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>canceled</c> or <c>expired</c>.</summary>
    public required string Status { get; init; }

    public required string Lane { get; init; }

    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the latest attempt began.</summary>
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset? StartedAt { get; init; }

    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The time at which it expires without a result.</summary>
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>How many times a worker has leased it.</summary>
    public required int Attempts { get; init; }

    /// <summary>Its progress; null when it is not known.</summary>
    /// <remarks><c>{"unit":"tokens"|"rows","done":n,"total":n|null}</c>.</remarks>
    [JsonConverter(typeof(StoredJsonConverter))]
    public required string? Progress { get; init; }

    /// <summary>The answer that the synchronous call would have given.</summary>
    public required TaskAnswer? Output { get; init; }

    public required JobFailure? Error { get; init; }

    /// <summary>Tokens read and written, as the synchronous call's <c>usage</c>.</summary>
    [JsonConverter(typeof(StoredJsonConverter))]
    public required string? Usage { get; init; }

    public required JobTimings Timings { get; init; }

    /// <summary>Jobs ahead of it; null unless it is queued.</summary>
    public required long? Position { get; init; }

    /// <summary>The caller's own pairs.</summary>
    [JsonConverter(typeof(StoredJsonConverter))]
    public required string? Metadata { get; init; }

    /// <summary>The trace of the call that submitted it, as in that call's <c>x-request-id</c>; null when it had none.</summary>
    public required string? TraceId { get; init; }

    /// <summary>
    /// Makes the API's form of a job. If a stored result cannot be read, it is null, and <see cref="Error"/> says why although the job
    /// succeeded.
    /// </summary>
    public static JobResource Of(Job job)
    {
        var (answer, unusable) = job.Output is { } output ? GatewayTasks.Read(job.Model, output) : (null, null);
        return new JobResource
        {
            Id = job.Id.ToString(),
            Object = "job",
            Endpoint = job.Endpoint,
            Model = job.Model,
            Status = job.Status.Name,
            Lane = job.Lane.Name,
            CreatedAt = job.CreatedAt,
            StartedAt = job.StartedAt,
            FinishedAt = job.FinishedAt,
            Deadline = job.Deadline,
            Attempts = job.Attempts,
            Progress = job.Progress,
            Output = answer,
            Error = (job.Error ?? unusable) is { } error ? JobFailure.Of(error) : null,
            Usage = job.Usage,
            Timings = JobTimings.Of(job),
            Position = job.Position,
            Metadata = job.Metadata,
            TraceId = job.TraceId,
        };
    }
}

/// <summary>Why a job has no result.</summary>
internal sealed record JobFailure
{
    /// <summary>A stable name for programs, such as <c>deadline_exceeded</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The message for people.</summary>
    public required string Message { get; init; }

    /// <summary>Whether the same job may succeed later.</summary>
    public required bool Retryable { get; init; }

    public static JobFailure Of(InferenceError error) => new() { Code = error.Code, Message = error.Message, Retryable = error.Retryable };
}

/// <summary>The times of a job, in milliseconds.</summary>
internal sealed record JobTimings
{
    /// <summary>From its submit to its latest start; null until then.</summary>
    public required long? QueueMs { get; init; }

    /// <summary>From its latest start to its end; null until then.</summary>
    public required long? RunMs { get; init; }

    public static JobTimings Of(Job job) => new()
    {
        QueueMs = Milliseconds(job.StartedAt - job.CreatedAt),
        RunMs = Milliseconds(job.FinishedAt - job.StartedAt),
    };

    private static long? Milliseconds(TimeSpan? time) => time is { } span ? Math.Max(0, (long)span.TotalMilliseconds) : null;
}

/// <summary>Serializer of jobs, and of their metadata.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(JobResource))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class JobJson : JsonSerializerContext
{
    /// <summary>For answers; see <see cref="AnswerJson"/>.</summary>
    public static JobJson Readable { get; } = new(AnswerJson.Configure(new JsonSerializerOptions()));
}

/// <summary>202 with a job and the URL of the job.</summary>
internal sealed class JobAccepted(Job job) : IResult, IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(
        new ProducesResponseTypeMetadata(StatusCodes.Status202Accepted, typeof(JobResource), ["application/json"]));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.Headers.Location = $"{JobsEndpoints.Path}/{job.Id}";
        response.SetJobId(job.Id);
        return response.WriteAsJsonAsync(
            JobResource.Of(job), JobJson.Readable.JobResource, "application/json", httpContext.RequestAborted);
    }
}
