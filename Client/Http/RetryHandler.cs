using System.Globalization;
using System.Net;
using System.Text.Json;

namespace AiPlatform.Client.Http;

/// <summary>
/// Sends a request again that was not answered, or that the Gateway could not take now. Every POST gets an idempotency key, so that a
/// request that did arrive is not run twice. What is left of the deadline goes along as <c>X-Request-Timeout</c>.
/// </summary>
internal sealed class RetryHandler(AiPlatformClientOptions options, TimeProvider time) : DelegatingHandler
{
    /// <summary>The first pause where the Gateway names none; each further one is twice as long.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest time that a Gateway may take for an answer, and a little more.</summary>
    private static readonly TimeSpan LongestHead = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long the head of an answer may take, on requests that <see cref="AiPlatformClientOptions.Timeout"/> does not bound, such as
    /// waiting for a job. What is later counts as a lost connection.
    /// </summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> HeadWithin = new("AiPlatform.HeadWithin");

    /// <summary>Set on requests that are not sent again, such as that for the health.</summary>
    public static readonly HttpRequestOptionsKey<bool> IsAskedOnce = new("AiPlatform.IsAskedOnce");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var hasOwn = request.Options.TryGetValue(HeadWithin, out var headWithin);
        var timeout = hasOwn ? null : options.Timeout;
        var retriesAllowed = request.Options.TryGetValue(IsAskedOnce, out var once) && once ? 0 : options.MaxRetries;
        var start = time.GetTimestamp();
        // Content that is read once could not be sent again.
        if (request.Content is { } content) await content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
        if (request.Method == HttpMethod.Post && !request.Headers.Contains(Names.IdempotencyKey)
            && !await StreamsAsync(request, cancellationToken).ConfigureAwait(false))
        {
            request.Headers.Add(Names.IdempotencyKey, $"\"{Guid.CreateVersion7():N}\"");
        }

        for (var retries = 0; ; retries++)
        {
            var left = timeout - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) throw TimedOut(timeout);
            if (left is { } rest) SetDeadline(request, rest);
            var delay = FirstDelay * Math.Pow(2, retries) * (0.75 + (Random.Shared.NextDouble() / 2));
            HttpResponseMessage? response = null;
            try
            {
                // The Gateway answers 504 at the deadline, so it gets a moment more.
                var head = left is { } most ? most + Grace : hasOwn ? headWithin : LongestHead;
                response = await SendOnceAsync(request, head, cancellationToken).ConfigureAwait(false);
                if (retries >= retriesAllowed || !MayHelp(response, ref delay)) return response;
            }
            catch (HttpRequestException) when (retries < retriesAllowed)
            {
                // The Gateway may be restarting.
            }

            if (delay > options.MaxRetryDelay) delay = options.MaxRetryDelay;
            if (time.GetElapsedTime(start) + delay >= timeout) return response ?? throw TimedOut(timeout);
            response?.Dispose();
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Whether the answer is a stream. A stream gets no key: the Gateway then ends it when the connection is lost, so that a repeated one
    /// does not run beside it, and one that the caller leaves does not go on.
    /// </summary>
    private static async Task<bool> StreamsAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not { } content) return false;
        try
        {
            using var body = JsonDocument.Parse(await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
            return IsStream(body.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Waits for the head of the answer for a bounded time. Its body is read later.</summary>
    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, TimeSpan bound, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(bound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await base.SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            if (request.Options.TryGetValue(HeadWithin, out _)) throw new HttpRequestException($"The Gateway said nothing for {bound}.");
            throw TimedOut(options.Timeout ?? bound);
        }
    }

    private static TaskCanceledException TimedOut(TimeSpan? timeout)
    {
        var message = string.Create(
            CultureInfo.InvariantCulture, $"The Gateway did not answer within {timeout?.TotalSeconds} s (Timeout).");
        return new TaskCanceledException(message, new TimeoutException(message));
    }

    private static void SetDeadline(HttpRequestMessage request, TimeSpan left)
    {
        request.Headers.Remove(Names.RequestTimeout);
        request.Headers.Add(Names.RequestTimeout, left.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
    }

    /// <summary>Whether the same request may be accepted after a pause, which the answer may name.</summary>
    private bool MayHelp(HttpResponseMessage response, ref TimeSpan delay)
    {
        if (!IsPassing(response.StatusCode)) return false;
        if (response.Headers.TryGetValues(Names.ShouldRetry, out var said) && said.Contains("false")) return false;
        if (RetryAfter(response, time) is not { } named) return true;

        delay = named + (delay / 4);
        return named <= options.MaxRetryDelay;
    }

    /// <summary>Whether the Gateway, or what is before it, could not take a request for now.</summary>
    public static bool IsPassing(HttpStatusCode? status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable;

    /// <summary>Whether the body of a call asks for a stream.</summary>
    public static bool IsStream(JsonElement body) => body.ValueKind == JsonValueKind.Object
        && body.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True;

    /// <summary>The pause that the answer names.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        if (response.Headers.RetryAfter is not { } after) return null;
        var pause = after.Delta ?? (after.Date - time.GetUtcNow());
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }
}
