namespace AiPlatform.Gateway.Page;

/// <summary>The headers that keep a page from running or loading what is not its own.</summary>
internal static class SecurityHeaders
{
    /// <param name="response">The answer with the page, or with a file of it.</param>
    /// <param name="policy">The <c>Content-Security-Policy</c>.</param>
    public static void Write(HttpResponse response, string policy)
    {
        response.Headers.ContentSecurityPolicy = policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }
}
