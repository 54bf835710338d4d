using System.Net.Mime;

namespace AiPlatform.Client.Http;

/// <summary>
/// Makes what is not an answer of a Gateway an <see cref="AiPlatformException"/>: that nobody answers, that something else does, and that a
/// stream ends before its end.
/// </summary>
internal sealed class AnswerHandler(TimeProvider time) : DelegatingHandler
{
    /// <summary>A worker's stream has the id of its job, and heartbeats.</summary>
    private const string JobId = "X-Job-Id";

    /// <summary>
    /// A provider's stream has no heartbeats. The Gateway ends it after a silence of 5 minutes (<c>IdleTimeout</c>), and says so.
    /// </summary>
    private static readonly TimeSpan ProviderSilence = TimeSpan.FromMinutes(6);

    /// <summary>For the SDK's calls that are not asynchronous.</summary>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await AskAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            Check(response);
            // The events of a job are asked for with GET, and have an end of their own.
            if (request.Method == HttpMethod.Post && response.IsSuccessStatusCode && IsEvents(response.Content))
                await WatchAsync(request, response, cancellationToken).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public static bool IsEvents(HttpContent content) => Is(content, MediaTypeNames.Text.EventStream);

    private static bool Is(HttpContent content, string type) =>
        string.Equals(content.Headers.ContentType?.MediaType, type, StringComparison.OrdinalIgnoreCase);

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException
            || (lost is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw GatewayErrors.Unavailable($"The Gateway does not answer at {request.RequestUri}: {lost.Message}", lost);
        }
    }

    /// <exception cref="AiPlatformException">The answer is not one of a Gateway.</exception>
    private static void Check(HttpResponseMessage response)
    {
        if ((int)response.StatusCode is >= 300 and < 400)
        {
            throw GatewayErrors.NotAGateway(
                response, $"it answered {(int)response.StatusCode} with the location '{response.Headers.Location}'");
        }

        if (!response.IsSuccessStatusCode || IsEvents(response.Content)) return;
        if (!Is(response.Content, MediaTypeNames.Application.Json))
        {
            throw GatewayErrors.NotAGateway(
                response, $"it answered {(int)response.StatusCode} with '{response.Content.Headers.ContentType}', which is not JSON");
        }

        if (!IsObject(response.Content))
            throw GatewayErrors.NotAGateway(response, $"it answered {(int)response.StatusCode} with what is not a JSON object");
    }

    /// <summary>Whether an answer that has been read begins as an object does.</summary>
    private static bool IsObject(HttpContent content)
    {
        var body = content.ReadAsStream();
        int first;
        do first = body.ReadByte();
        while (first is ' ' or '\t' or '\r' or '\n');
        body.Position = 0;
        return first == '{';
    }

    private async Task WatchAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var content = response.Content;
        var silence = response.Headers.Contains(JobId) ? Gateway.Silence : ProviderSilence;
        var events = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        response.Content = new StreamContent(new CallStream(new WatchedStream(events, silence, time), request.RequestUri));
        foreach (var (name, values) in content.Headers) response.Content.Headers.TryAddWithoutValidation(name, values);
    }
}
