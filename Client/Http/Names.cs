namespace AiPlatform.Client.Http;

/// <summary>Names of headers and routes.</summary>
internal static class Names
{
    public const string IdempotencyKey = "Idempotency-Key";
    public const string LastEventId = "Last-Event-ID";
    public const string RequestTimeout = "X-Request-Timeout";
    public const string ShouldRetry = "x-should-retry";

    public const string Jobs = "/v1/jobs";
    public const string Classify = "/v1/classify";
}
