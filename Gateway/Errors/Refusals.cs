namespace AiPlatform.Gateway.Errors;

/// <summary>The errors that the Gateway itself detects. Each dialect writes them in its own form.</summary>
internal static class Refusals
{
    private const int MaxNamesListed = 20;
    private const int MaxQuotedLength = 64;

    /// <summary>The part of a full queue that should have drained before the client tries again.</summary>
    private const double DrainedPart = 0.1;

    private static readonly TimeSpan ShortestQueueFullPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestQueueFullPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan QueueAwayPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WorkerAwayPause = TimeSpan.FromSeconds(5);

    /// <param name="message">What is wrong, without any part of the key.</param>
    public static InferenceError InvalidApiKey(string message) => new() { Kind = InferenceErrorKind.InvalidApiKey, Message = message };

    public static InferenceError Forbidden() => new()
    {
        Kind = InferenceErrorKind.Forbidden,
        Message = "This route is for operators; the key's role is user.",
    };

    public static InferenceError ModelNotFound(string model, IReadOnlyList<string> served) => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = served.Count == 0
            ? $"The model '{Quoted(model)}' is not served: no worker has named a model yet, and no provider has one."
            : $"The model '{Quoted(model)}' is not served. Served are: {Listed(served)}.",
        Param = "model",
    };

    public static InferenceError ModelUnavailable(string model) => new()
    {
        Kind = InferenceErrorKind.ModelUnavailable,
        Message = $"No worker serves the model '{Quoted(model)}' now. Try again later, or send the call as a job, which waits for one.",
        Param = "model",
        RetryAfter = WorkerAwayPause,
    };

    /// <param name="endpoint">The route of a job that this version does not know.</param>
    public static InferenceError UnknownTask(string endpoint) =>
        InferenceError.Invalid("endpoint", $"This Gateway cannot run '{Quoted(endpoint)}'.");

    public static InferenceError JobNotFound(string id) => new()
    {
        Kind = InferenceErrorKind.JobNotFound,
        Message = $"There is no job '{Quoted(id)}'. Finished jobs are kept for a limited time.",
    };

    public static InferenceError NotRequeueable(JobId id) => new()
    {
        Kind = InferenceErrorKind.NotRequeueable,
        Message = $"The job '{id}' cannot be run again: only a failed, canceled or expired job can.",
    };

    public static InferenceError QueueNotFound(string queue, IReadOnlyCollection<QueueName> known) => new()
    {
        Kind = InferenceErrorKind.QueueNotFound,
        Message = known.Count == 0
            ? $"There is no queue '{Quoted(queue)}': no worker has named a model yet."
            : $"There is no queue '{Quoted(queue)}'. There are: {Listed(known.Select(one => one.Name))}.",
    };

    public static InferenceError JobCannotStream() => InferenceError.Invalid(
        "stream", "A provider's model does not stream in a job, nor in a call with an Idempotency-Key: leave stream out, or send the call "
        + "without them.");

    public static InferenceError RouteNotFound(HttpRequest request) => new()
    {
        Kind = InferenceErrorKind.RouteNotFound,
        Message = $"There is no route {request.Method} {Quoted(request.Path.Value ?? "")}; /openapi/v1.json lists all routes.",
    };

    public static InferenceError MethodNotAllowed(HttpRequest request, string allowed) => new()
    {
        Kind = InferenceErrorKind.MethodNotAllowed,
        Message = $"{request.Method} is not allowed here; allowed: {(allowed.Length == 0 ? "none" : allowed)}.",
    };

    /// <summary>Why a body could not be read to its end.</summary>
    public static InferenceError BodyUnreadable(BadHttpRequestException failure, int maxBytes) => failure.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => BodyTooLarge(maxBytes),
        StatusCodes.Status408RequestTimeout => BodyTooSlow(),
        _ => InferenceError.Invalid(
            null, "The body cannot be read: it ends early, or its length, its chunks or its compression are malformed."),
    };

    private static InferenceError BodyTooLarge(int maxBytes) => new()
    {
        Kind = InferenceErrorKind.PayloadTooLarge,
        Message = $"The body is larger than {maxBytes} bytes, or becomes so when it is decompressed. Split the request into smaller ones.",
    };

    private static InferenceError BodyTooSlow() => new()
    {
        Kind = InferenceErrorKind.RequestTimeout,
        Message = "The body came too slowly. Send it faster, or in smaller requests.",
    };

    public static InferenceError NotJson(string? contentType) => new()
    {
        Kind = InferenceErrorKind.UnsupportedMediaType,
        Message = string.IsNullOrEmpty(contentType)
            ? "The body has no content type; send 'Content-Type: application/json'."
            : $"The content type '{Quoted(contentType)}' is not accepted; send application/json.",
    };

    public static InferenceError QueueFull(QueueName queue, long depth, double drainPerSecond) => new()
    {
        Kind = InferenceErrorKind.QueueFull,
        Message = $"The queue '{queue.Name}' is full: {depth} jobs wait. Try again later.",
        RetryAfter = PauseUntilDrained(depth, drainPerSecond),
    };

    public static InferenceError TenantQueueFull(QueueName queue, long depth, double drainPerSecond) => new()
    {
        Kind = InferenceErrorKind.TenantQueueFull,
        Message = $"Your tenant's limit of waiting jobs in the queue '{queue.Name}' is reached. Try again later.",
        RetryAfter = PauseUntilDrained(depth, drainPerSecond),
    };

    public static InferenceError TenantBytesFull(QueueName queue, long limit) => new()
    {
        Kind = InferenceErrorKind.TenantBytesFull,
        Message = $"Your tenant's limit of {limit} bytes of jobs and results in the queue '{queue.Name}' is reached. Try again when jobs "
            + "have ended or results have expired.",
        RetryAfter = LongestQueueFullPause,
    };

    public static InferenceError IdempotencyConflict() => new()
    {
        Kind = InferenceErrorKind.IdempotencyConflict,
        Message = "This Idempotency-Key was used for another request (route, model or body differ). Give each request a key of its own.",
    };

    /// <summary>The job no longer exists, because Redis lost its data. It is unknown how the job would have ended.</summary>
    public static InferenceError JobLost() => new()
    {
        Kind = InferenceErrorKind.QueueUnavailable,
        Message = "Redis lost this job when it restarted. Send the request again.",
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    public static InferenceError QueueAway(string reason) => new()
    {
        Kind = InferenceErrorKind.QueueUnavailable,
        Message = $"The queue is unavailable: {reason} Try again later.",
        RetryAfter = QueueAwayPause,
    };

    public static InferenceError DeadlineExceeded(TimeSpan waited) => new()
    {
        Kind = InferenceErrorKind.DeadlineExceeded,
        Message = $"There was no result within {waited.TotalSeconds:0.###} s. Allow more time with X-Request-Timeout, or send "
        + $"the call as a job.",
    };

    public static InferenceError Unforeseen() => new()
    {
        Kind = InferenceErrorKind.Internal,
        Message = "The Gateway failed unexpectedly on this request; its log has the details.",
    };

    /// <summary>
    /// The time until a tenth of the queue has drained at its recent rate; for a queue that does not drain, a fixed time.
    /// </summary>
    private static TimeSpan PauseUntilDrained(long depth, double drainPerSecond)
    {
        var seconds = drainPerSecond > 0 ? depth * DrainedPart / drainPerSecond : LongestQueueFullPause.TotalSeconds;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, ShortestQueueFullPause.TotalSeconds, LongestQueueFullPause.TotalSeconds));
    }

    private static string Listed(IEnumerable<string> names)
    {
        var shown = names.Take(MaxNamesListed + 1).ToList();
        return string.Join(", ", shown.Count > MaxNamesListed ? [.. shown.Take(MaxNamesListed), "…"] : shown);
    }

    /// <summary>A caller's text, shortened for an error message.</summary>
    public static string Quoted(string text, int most = MaxQuotedLength) =>
        text.Length <= most ? text : string.Concat(text.AsSpan(0, most), "…");
}
