using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Problems;

namespace AiPlatform.Gateway.Http;

/// <summary>The form in which the errors of a route are said. It stands in the route's metadata.</summary>
/// <param name="Answer">Makes an error's answer.</param>
/// <param name="Described">Says in the API's description that a route may answer an error of a status.</param>
/// <param name="EventOf">An error as the last event of a stream, in UTF-8.</param>
internal sealed record Dialect(
    Func<InferenceError, IErrorAnswer> Answer, Func<int, object> Described, Func<HttpContext, InferenceError, byte[]> EventOf)
{
    /// <summary>OpenAI's error object.</summary>
    public static Dialect OpenAI { get; } = new(error => new OpenAIError(error), OpenAIError.Described, OpenAIError.EventOf);

    /// <summary>RFC 9457 problems.</summary>
    public static Dialect Native { get; } = new(error => new Problem(error), Problem.Described, Problem.EventOf);

    /// <summary>
    /// The dialect of a request: its route's, else that of the route whose fixed beginning its path has, for whoever asks a route in a
    /// wrong way. What else is asked below <c>/v1</c> is what OpenAI's clients know and we do not have.
    /// </summary>
    public static Dialect Of(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Dialect>() is { } dialect) return dialect;

        var path = context.Request.Path;
        var (nearest, length) = (path.StartsWithSegments("/v1") ? OpenAI : Native, 0);
        foreach (var route in context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            if (route.Metadata.GetMetadata<Dialect>() is not { } known) continue;
            var prefix = FixedPartOf(route.RoutePattern.RawText!);
            if (prefix.Length > length && path.StartsWithSegments(prefix)) (nearest, length) = (known, prefix.Length);
        }

        return nearest;
    }

    /// <summary><c>/v1/jobs</c> of <c>/v1/jobs/{id}</c>.</summary>
    private static string FixedPartOf(string pattern)
    {
        var parameter = pattern.IndexOf('{', StringComparison.Ordinal);
        return $"/{(parameter < 0 ? pattern : pattern[..parameter]).Trim('/')}";
    }
}
