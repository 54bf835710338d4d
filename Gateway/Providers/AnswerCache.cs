using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Providers;

/// <summary>
/// Keeps answers to deterministic requests of models that want it (<c>CacheTtl</c>): an equal request of the same tenant gets the same
/// answer. Without Redis nothing is kept, and every call goes out.
/// </summary>
internal sealed class AnswerCache(IAnswerStore store, ProviderMetrics metrics, ILogger<AnswerCache> logger)
{
    /// <summary>What does not change an answer.</summary>
    private static readonly string[] Ignored =
        ["user", "stream", "stream_options", "metadata", "store", "safety_identifier", "prompt_cache_key", ProviderRequestParser.RawAnswerField];

    /// <summary>Under what name an answer to this call is kept; null when none may be.</summary>
    public static string? NameOf(ProviderCall call) =>
        call.Model.Options.CacheTtl is not null && call.Request is { IsDeterministic: true, Streams: false } ? FingerprintOf(call) : null;

    /// <summary>The answer that is kept; null when there is none.</summary>
    public async ValueTask<JsonAnswer?> RecallAsync(ProviderCall call, string name, CancellationToken cancellationToken)
    {
        try
        {
            var kept = await store.RecallAsync(call.Tenant, name, cancellationToken);
            metrics.Recalled(call.Model, kept is not null);
            return kept is null ? null : new JsonAnswer(kept, default);
        }
        catch (QueueUnavailableException away)
        {
            Log.CacheAway(logger, away.Message);
            return null;
        }
    }

    public async ValueTask RememberAsync(ProviderCall call, string name, JsonAnswer answer, CancellationToken cancellationToken)
    {
        try
        {
            await store.RememberAsync(call.Tenant, name, answer.Body, call.Model.Options.CacheTtl!.Value, cancellationToken);
        }
        catch (QueueUnavailableException away)
        {
            Log.CacheAway(logger, away.Message);
        }
    }

    /// <summary>SHA-256 of who is asked and of the request in one form: members sorted, white space and what changes nothing left out.</summary>
    private static string FingerprintOf(ProviderCall call)
    {
        var written = new ArrayBufferWriter<byte>(call.Request.Body.Length + 256);
        using (var document = JsonDocument.Parse(call.Request.Body))
        using (var writer = new Utf8JsonWriter(written))
        {
            writer.WriteStartArray();
            writer.WriteStringValue(call.Request.Endpoint);
            writer.WriteStringValue(call.Model.Provider.Options.BaseUrl!.AbsoluteUri);
            writer.WriteStringValue(call.Model.UpstreamName);
            Write(writer, document.RootElement, isTop: true);
            writer.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(written.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, bool isTop)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    if (isTop && Ignored.Contains(member.Name, StringComparer.Ordinal)) continue;
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, isTop: false);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Write(writer, item, isTop: false);
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
