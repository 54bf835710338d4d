using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Queues;
using AiPlatform.Gateway.Usage;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Admission;

/// <summary>The form in which the errors of a path are said.</summary>
/// <param name="Answer">Makes an error's answer.</param>
internal sealed record Dialect(Func<InferenceError, IResult> Answer)
{
    /// <summary>OpenAI's error object.</summary>
    public static Dialect OpenAI { get; } = new(error => new OpenAIError(error));

    /// <summary>RFC 9457 problems.</summary>
    public static Dialect Native { get; } = new(error => new Problem(error));

    /// <summary>Everything below <c>/v1</c> is OpenAI's, but for our own jobs, queues and usage.</summary>
    public static Dialect Of(HttpContext context)
    {
        var path = context.Request.Path;
        var isOurs = path.StartsWithSegments(JobsEndpoints.Path) || path.StartsWithSegments(QueuesEndpoints.Path)
            || path.StartsWithSegments(UsageEndpoint.Path);
        return path.StartsWithSegments("/v1") && !isOurs ? OpenAI : Native;
    }
}
