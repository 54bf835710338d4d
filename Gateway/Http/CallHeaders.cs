using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace AiPlatform.Gateway.Http;

/// <summary>The headers of answers that are the same in every dialect.</summary>
internal static class CallHeaders
{
    public const string JobIdName = "X-Job-Id";
    public const string ModelName = "X-Model";
    public const string ProviderName = "X-Provider";
    public const string AttemptsName = "X-Attempts";
    public const string AttemptFailuresName = "X-Attempt-Failures";

    /// <summary>The limits of the caller and what is left of them (draft-ietf-httpapi-ratelimit-headers).</summary>
    public const string LimitPolicyName = "RateLimit-Policy", LimitName = "RateLimit";

    /// <summary>All headers about limits; the others are those of OpenAI.</summary>
    public static readonly string[] OfLimits =
    [
        LimitPolicyName, LimitName, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
        "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
    ];

    extension(HttpResponse response)
    {
        public void SetJobId(JobId id) => response.Headers[JobIdName] = id.ToString();

        /// <summary>Sets the model's name. A header must be ASCII, so other characters are percent-encoded.</summary>
        public void SetModel(string model) => response.Headers[ModelName] = Ascii(model);

        /// <summary>Sets the name of the provider that answered, in the same encoding.</summary>
        public void SetProvider(string provider) => response.Headers[ProviderName] = Ascii(provider);

        /// <summary>Sets the reasons why earlier attempts failed, such as <c>gpt=status_503*2, backup=timeout</c>.</summary>
        public void SetAttemptFailures(string failures) => response.Headers[AttemptFailuresName] = failures;

        /// <summary>Sets how often a worker leased the job, or a provider was called.</summary>
        public void SetAttempts(int attempts) => response.Headers[AttemptsName] = attempts.ToString(CultureInfo.InvariantCulture);

        /// <summary>Announces server-sent events, which no proxy on the way may cache or buffer.</summary>
        public void SetEventStream()
        {
            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-cache";
            response.Headers["X-Accel-Buffering"] = "no";
            response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }
    }

    private static string Ascii(string name) => name.All(c => c is > ' ' and <= '~') ? name : Uri.EscapeDataString(name);
}
