using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;
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

    /// <summary>Everything below <c>/v1</c> is OpenAI's, but for our own jobs.</summary>
    public static Dialect Of(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/v1") && !context.Request.Path.StartsWithSegments(JobsEndpoints.Path) ? OpenAI : Native;
}
