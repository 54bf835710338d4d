using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Problems;

namespace AiPlatform.Gateway.Http;

/// <summary>The form of a route's errors, which is part of the route's metadata.</summary>
/// <param name="Answer">Makes the HTTP answer of an error.</param>
/// <param name="Described">Adds an error status of a route to the API's description.</param>
/// <param name="EventOf">Writes an error as the last event of a stream, in UTF-8.</param>
internal sealed record Dialect(
    Func<InferenceError, IErrorAnswer> Answer, Func<int, object> Described, Func<HttpContext, InferenceError, byte[]> EventOf)
{
    /// <summary>OpenAI's error object.</summary>
    public static Dialect OpenAI { get; } = new(error => new OpenAIError(error), OpenAIError.Described, OpenAIError.EventOf);

    /// <summary>RFC 9457 problems.</summary>
    public static Dialect Native { get; } = new(error => new Problem(error), Problem.Described, Problem.EventOf);

    /// <summary>
    /// The dialect of a request is that of its route. Without a route (a wrong method, say) it is that of the route whose fixed part the
    /// path begins with. Other paths below <c>/v1</c> are routes of OpenAI that the Gateway does not have.
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
