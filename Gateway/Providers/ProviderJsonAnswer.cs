namespace AiPlatform.Gateway.Providers;

/// <summary>A provider's whole answer, or its refusal, as it came.</summary>
internal sealed class ProviderJsonAnswer(int status, ReadOnlyMemory<byte> body) : IResult
{
    public int Status => status;

    // :: Step 9: answer. What a provider said goes out as it came in.
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, httpContext.RequestAborted);
    }
}
