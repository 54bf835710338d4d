using Scalar.AspNetCore;

namespace AiPlatform.Gateway.Page;

/// <summary>The API reference at <c>/docs</c>: Scalar, whose assets are in its package, so that it works without the internet.</summary>
internal static class ApiReference
{
    private const string Path = "/docs";

    public static void MapApiReference(this IEndpointRouteBuilder routes) => routes
        .MapScalarApiReference(Path, options =>
        {
            options.WithTitle("AiPlatform API").WithOpenApiRoutePattern("/openapi/v1.json").WithNonce();
            options.Favicon = "/favicon.svg";
            // Nothing is asked of other hosts: neither fonts, nor proxies, nor services of Scalar's maker.
            options.DefaultFonts = false;
            options.Telemetry = false;
            options.HideClientButton = true;
            options.ShowDeveloperTools = DeveloperToolsVisibility.Never;
            options.Agent = new ScalarAgentOptions { Disabled = true };
            options.Mcp = new ScalarMcpOptions { Disabled = true };
        })
        .AllowAnonymous()
        .AddEndpointFilter(async (context, next) =>
        {
            // Scalar would show the one document under any name, also under that of a file that is not there.
            if (context.HttpContext.GetRouteValue("documentName") is not null) return TypedResults.NotFound();

            context.HttpContext.Response.OnStarting(static state =>
            {
                var http = (HttpContext)state;
                // Only the page itself has a nonce, its assets have none.
                if (http.Items[ScalarOptions.NonceHttpContextItemKey] is string nonce)
                    SecurityHeaders.Write(http.Response, PolicyOf(nonce));
                return Task.CompletedTask;
            }, context.HttpContext);
            return await next(context);
        });

    /// <summary>Scalar's components bring their styles as elements of their own, which cannot carry a nonce.</summary>
    private static string PolicyOf(string nonce) =>
        $"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        + "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'";
}
