using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Admission;

/// <summary>The errors that the Gateway itself finds. Each dialect says them in its own form.</summary>
internal static class Refusals
{
    private const int MaxNamesListed = 20;
    private const int MaxQuotedLength = 64;

    private static readonly TimeSpan QueueFullPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan QueueAwayPause = TimeSpan.FromSeconds(2);

    /// <param name="message">What is wrong, without a word of the key.</param>
    public static InferenceError InvalidApiKey(string message) => new() { Kind = InferenceErrorKind.InvalidApiKey, Message = message };

    public static InferenceError Forbidden() => new()
    {
        Kind = InferenceErrorKind.Forbidden,
        Message = "This route is for operators; the key's role is user.",
    };

    public static InferenceError ModelNotFound(string model, IReadOnlyList<ModelDescriptor> served)
    {
        var names = string.Join(", ", served.Take(MaxNamesListed).Select(one => one.Name));
        if (served.Count > MaxNamesListed) names += ", …";
        return new InferenceError
        {
            Kind = InferenceErrorKind.ModelNotFound,
            Message = served.Count == 0
                ? $"The model '{Quoted(model)}' is not served: no worker has named a model yet."
                : $"The model '{Quoted(model)}' is not served. Served are: {names}.",
            Param = "model",
        };
    }

    public static InferenceError JobNotFound(string id) => new()
    {
        Kind = InferenceErrorKind.JobNotFound,
        Message = $"There is no job '{Quoted(id)}'. Finished jobs are kept for a limited time.",
    };

    public static InferenceError RouteNotFound(HttpRequest request) => new()
    {
        Kind = InferenceErrorKind.RouteNotFound,
        Message = $"There is no route {request.Method} {Quoted(request.Path.Value ?? "")}; /openapi/v1.json describes those there are.",
    };

    public static InferenceError MethodNotAllowed(HttpRequest request, string allowed) => new()
    {
        Kind = InferenceErrorKind.MethodNotAllowed,
        Message = $"{request.Method} is not allowed here; allowed: {(allowed.Length == 0 ? "none" : allowed)}.",
    };

    public static InferenceError BodyTooLarge(int maxBytes) => new()
    {
        Kind = InferenceErrorKind.PayloadTooLarge,
        Message = $"The body is larger than {maxBytes} bytes. Split the request into smaller ones.",
    };

    public static InferenceError NotJson(string? contentType) => new()
    {
        Kind = InferenceErrorKind.UnsupportedMediaType,
        Message = $"The content type '{Quoted(contentType ?? "")}' is not taken here; send application/json.",
    };

    public static InferenceError QueueFull(QueueName queue, long depth) => new()
    {
        Kind = InferenceErrorKind.QueueFull,
        Message = $"The queue '{queue}' is full: {depth} jobs wait. Try again later.",
        RetryAfter = QueueFullPause,
    };

    public static InferenceError QueueAway(string reason) => new()
    {
        Kind = InferenceErrorKind.QueueUnavailable,
        Message = $"The queue does not serve: {reason} Try again later.",
        RetryAfter = QueueAwayPause,
    };

    public static InferenceError DeadlineExceeded(TimeSpan waited) => new()
    {
        Kind = InferenceErrorKind.DeadlineExceeded,
        Message = $"There was no result within {waited.TotalSeconds:0.###} s. Ask for more time with X-Request-Timeout, or send it as a job.",
    };

    public static InferenceError Unforeseen() => new()
    {
        Kind = InferenceErrorKind.Internal,
        Message = "The Gateway failed on this request in a way that was not foreseen; its log says how.",
    };

    /// <summary>What a caller wrote, shortened for an answer.</summary>
    public static string Quoted(string text, int most = MaxQuotedLength) => text.Length <= most ? text : string.Concat(text.AsSpan(0, most), "…");
}
