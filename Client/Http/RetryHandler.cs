using System.Globalization;
using System.Net;
using System.Text.Json;

namespace AiPlatform.Client.Http;

/// <summary>
/// Sends a request again that was not answered, or not to the end, or that the Gateway could not take now. Every POST gets an idempotency
/// key, so that a request that did arrive is not run twice. What is left of the deadline goes along as <c>X-Request-Timeout</c>. Answers
/// other than streams of events are read whole.
/// </summary>
internal sealed class RetryHandler(AiPlatformClientOptions options, TimeProvider time) : DelegatingHandler
{
    /// <summary>The first pause where the Gateway names none; each further one is twice as long.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>How long an answer may take after its head, where <see cref="AiPlatformClientOptions.Timeout"/> does not end it.</summary>
    private static readonly TimeSpan BodyWithin = TimeSpan.FromMinutes(2);

    /// <summary>The Gateway is given at most this much less than what is left, so that its own error arrives in time.</summary>
    private static readonly TimeSpan LongestMargin = TimeSpan.FromSeconds(1);

    /// <summary>A longer body is sent when the Gateway has asked for it, so that its refusal is not lost while it is sent.</summary>
    private const int SentAtOnceBytes = 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var streams = await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        var bounds = request.Options.TryGetValue(CallBounds.Key, out var own) ? own : streams ? CallBounds.Stream : CallBounds.Call;
        var timeout = bounds.Timeout == TimeoutUse.None ? null : options.Timeout;
        var retriesAllowed = bounds.IsAskedOnce ? 0 : options.MaxRetries;
        var start = time.GetTimestamp();
        for (var retries = 0; ; retries++)
        {
            var left = timeout - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) throw TimedOut(timeout);
            if (left is { } rest) SetDeadline(request, rest);
            var delay = FirstDelay * Math.Pow(2, retries) * (0.75 + (Random.Shared.NextDouble() / 2));
            HttpResponseMessage? response = null;
            try
            {
                response = await SendOnceAsync(request, bounds, left, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Makes a request one that can be sent several times. Returns whether it asks for a stream.</summary>
    private static async Task<bool> PrepareAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is { } content)
        {
            // Content that is read once could not be sent again.
            await content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
            if (content.Headers.ContentLength > SentAtOnceBytes) request.Headers.ExpectContinue = true;
        }

        if (request.Method != HttpMethod.Post) return false;
        var streams = await StreamsAsync(request, cancellationToken).ConfigureAwait(false);
        if (!streams && !request.Headers.Contains(Names.IdempotencyKey))
            request.Headers.Add(Names.IdempotencyKey, $"\"{Guid.CreateVersion7():N}\"");
        return streams;
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

    /// <summary>Waits for the answer for a bounded time. One that is late ends the call: to ask again would take as long.</summary>
    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpRequestMessage request, CallBounds bounds, TimeSpan? left, CancellationToken cancellationToken)
    {
        var isTimeout = left is { } most && (bounds.Timeout == TimeoutUse.ReplacesHead || most < bounds.Head);
        using var late = new CancellationTokenSource(isTimeout ? left!.Value : bounds.Head, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, either.Token).ConfigureAwait(false);
            if (AnswerHandler.IsEvents(response.Content)) return response;
            if (!isTimeout) late.CancelAfter(BodyWithin);
            await response.Content.LoadIntoBufferAsync(either.Token).ConfigureAwait(false);
            return response;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            response?.Dispose();
            throw isTimeout ? TimedOut(options.Timeout) : Silent(response is null ? bounds.Head : BodyWithin, bounds);
        }
        catch
        {
            response?.Dispose();
            throw;
        }
    }

    private static AiPlatformException TimedOut(TimeSpan? timeout)
    {
        var message = string.Create(
            CultureInfo.InvariantCulture, $"The Gateway did not answer within {timeout?.TotalSeconds} s (Timeout).");
        return new AiPlatformException(message, new TimeoutException(message))
        {
            Code = GatewayErrors.DeadlineExceeded,
            IsRetryable = true,
        };
    }

    private static AiPlatformException Silent(TimeSpan bound, CallBounds bounds)
    {
        var hint = bounds.Timeout == TimeoutUse.ReplacesHead ? " Set Timeout for calls that take longer." : "";
        var message = string.Create(CultureInfo.InvariantCulture, $"The Gateway did not answer within {bound.TotalSeconds} s.{hint}");
        return GatewayErrors.Unavailable(message, new TimeoutException(message));
    }

    /// <summary>Leaves the Gateway a tenth less than what is left, or <see cref="LongestMargin"/> less.</summary>
    private static void SetDeadline(HttpRequestMessage request, TimeSpan left)
    {
        request.Headers.Remove(Names.RequestTimeout);
        var margin = left / 10 < LongestMargin ? left / 10 : LongestMargin;
        request.Headers.Add(Names.RequestTimeout, (left - margin).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
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
