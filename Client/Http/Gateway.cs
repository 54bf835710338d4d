using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AiPlatform.Client.Http;

/// <summary>Calls of the Gateway's own routes, with JSON.</summary>
internal sealed class Gateway(HttpClient http, TimeProvider time)
{
    /// <summary>A stream of events that is silent for so long is lost: the Gateway writes a heartbeat more often.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    public TimeProvider Time => time;

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CallBounds bounds, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, type, bounds, cancellationToken).ConfigureAwait(false);
    }

    public async Task<T> PostAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, string? idempotencyKey,
        CallBounds bounds, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = ContentOf(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        if (idempotencyKey is not null) request.Headers.Add(Names.IdempotencyKey, QuotedKey(idempotencyKey));
        return await SendAsync(request, type, bounds, cancellationToken).ConfigureAwait(false);
    }

    public async Task<T> SendAsync<T>(
        HttpRequestMessage request, JsonTypeInfo<T> type, CallBounds bounds, CancellationToken cancellationToken)
    {
        request.Options.Set(CallBounds.Key, bounds);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            .ConfigureAwait(false);
        await GatewayErrors.ThrowIfFailedAsync(response, time, cancellationToken).ConfigureAwait(false);
        var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            try
            {
                return await JsonSerializer.DeserializeAsync(content, type, cancellationToken).ConfigureAwait(false)
                    ?? throw new JsonException("The answer is null.");
            }
            catch (JsonException wrong)
            {
                throw GatewayErrors.NotAGateway(response, wrong.Message.TrimEnd('.'), wrong);
            }
        }
    }

    /// <summary>Opens a stream of events. The caller disposes the answer.</summary>
    public async Task<HttpResponseMessage> OpenEventsAsync(string path, long? after, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Options.Set(CallBounds.Key, CallBounds.Events);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (after is { } sequence) request.Headers.Add(Names.LastEventId, sequence.ToString(CultureInfo.InvariantCulture));
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        try
        {
            await GatewayErrors.ThrowIfFailedAsync(response, time, cancellationToken).ConfigureAwait(false);
            if (!AnswerHandler.IsEvents(response.Content))
                throw GatewayErrors.NotAGateway(response, "its answer is not a stream of events");
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public static ByteArrayContent ContentOf(byte[] json)
    {
        var content = new ByteArrayContent(json);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    /// <summary>The key as the header wants it: a quoted string.</summary>
    public static string QuotedKey(string key)
    {
        if (key.Length == 0 || key.Any(one => one is < ' ' or > '~'))
            throw new ArgumentException("An idempotency key has 1 or more printable ASCII characters.", nameof(key));
        return $"\"{key.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }
}
