using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Client.Jobs;

/// <summary>A job as the Gateway shows it.</summary>
public sealed record Job
{
    /// <summary><c>job_…</c>; any Gateway finds the job by it.</summary>
    public required string Id { get; init; }

    /// <summary>The route whose call it runs, such as <c>/v1/chat/completions</c>.</summary>
    public required string Endpoint { get; init; }

    public required string Model { get; init; }

    /// <summary>
    /// <c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>canceled</c> or <c>expired</c>; see <see cref="HasEnded"/>.
    /// </summary>
    public required string Status { get; init; }

    /// <summary><c>interactive</c>, <c>default</c> or <c>batch</c>.</summary>
    public required string Lane { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the latest attempt began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When it expires without a result.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>How many times a worker has taken it.</summary>
    public required int Attempts { get; init; }

    /// <summary>Null when it is not known.</summary>
    public JobProgress? Progress { get; init; }

    /// <summary>The JSON that the synchronous call would have answered; null until the job has succeeded, and in lists.</summary>
    public JsonElement? Output { get; init; }

    /// <summary>Why it has no output; null when nothing failed.</summary>
    public JobError? Error { get; init; }

    /// <summary>Tokens read and written, as in the synchronous call's <c>usage</c>.</summary>
    public JsonElement? Usage { get; init; }

    /// <summary>Jobs ahead of it; null unless it is queued.</summary>
    public long? Position { get; init; }

    /// <summary>The caller's own pairs.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The trace of the call that submitted it.</summary>
    public string? TraceId { get; init; }

    /// <summary>Whether it will not run again unless it is retried.</summary>
    [JsonIgnore]
    public bool HasEnded => Status is not ("queued" or "running");

    /// <summary>The output, if the job has succeeded.</summary>
    /// <exception cref="AiPlatformException">It failed, was canceled, expired, or has not ended, or came from a list.</exception>
    public JsonElement GetOutput()
    {
        if (Status == "succeeded" && Error is null && Output is { } output) return output;
        var why = this switch
        {
            { Error: { } error } => error.Message,
            { Status: "succeeded" } => "the jobs of a list have none. Read the job with GetAsync.",
            _ => $"its status is '{Status}'.",
        };
        throw new AiPlatformException($"The job {Id} has no output: {why}")
        {
            Code = Error?.Code,
            IsRetryable = Error?.Retryable ?? false,
            JobId = Id,
        };
    }
}

/// <summary>How far a job is.</summary>
public sealed record JobProgress
{
    /// <summary><c>tokens</c> or <c>rows</c>.</summary>
    public required string Unit { get; init; }

    public required long Done { get; init; }

    /// <summary>Null when it is not known.</summary>
    public long? Total { get; init; }
}

/// <summary>Why a job has no output.</summary>
public sealed record JobError
{
    /// <summary>A stable name for programs, such as <c>deadline_exceeded</c>.</summary>
    public required string Code { get; init; }

    public required string Message { get; init; }

    /// <summary>Whether the same job may succeed later.</summary>
    public required bool Retryable { get; init; }
}

/// <summary>One event of a job.</summary>
/// <param name="Sequence">Its number; a reader that continues after it names it. Null for <c>gap</c>.</param>
/// <param name="Kind">
/// <c>status</c> (a change of the status), <c>output</c> (a part of the answer, as the stream of the synchronous call gives it),
/// <c>progress</c>, <c>gap</c> (earlier events have expired), or <c>done</c> (the whole job, always the last one).
/// </param>
/// <param name="Data">Its content.</param>
public sealed record JobEvent(long? Sequence, string Kind, JsonElement Data)
{
    /// <summary>The whole job, if this is <c>done</c>; null otherwise.</summary>
    public Job? Job => Kind == "done" ? Data.Deserialize(ClientJson.Default.Job) : null;
}
