using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Answers;
using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>
/// Caches answers to deterministic requests of models with a <c>CacheTtl</c>: an equal request of the same tenant gets the same answer.
/// Without Redis nothing is cached, and every call goes to the provider. Answers are written in the background, and the cache also finds
/// those that this process has not written yet.
/// </summary>
internal sealed class AnswerCache(
    BackgroundLoops loops, IAnswerStore store, ProviderMetrics metrics, TimeProvider time, ILogger<AnswerCache> logger) : LoopService(loops)
{
    /// <summary>A cache that takes longer is skipped.</summary>
    public static readonly TimeSpan ReadLimit = TimeSpan.FromMilliseconds(250);

    /// <summary>Most answers that wait to be written; further ones are not cached.</summary>
    private const int MaxWaiting = 1_024;

    /// <summary>Most bytes of the answers that wait to be written.</summary>
    private const long MaxWaitingBytes = 32 * 1024 * 1024;

    private readonly ConcurrentDictionary<(string Tenant, string Name), WaitingAnswer> _waiting = new();

    private readonly Channel<WaitingAnswer> _writes = Channel.CreateBounded<WaitingAnswer>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private long _waitingBytes;

    /// <summary>Fields that do not change an answer.</summary>
    private static readonly string[] Ignored =
        ["user", "stream", "stream_options", "metadata", "store", "safety_identifier", "prompt_cache_key",
            ProviderRequestParser.RawAnswerField];

    /// <summary>The key of this call's answer in the cache; null when it may not be cached.</summary>
    public static string? NameOf(ProviderCall call) =>
        call.Model.Options.CacheTtl is not null && call.Request is { IsDeterministic: true, Streams: false } ? FingerprintOf(call) : null;

    /// <summary>Reads a cached answer; null when there is none.</summary>
    public async ValueTask<JsonAnswer?> RecallAsync(ProviderCall call, string name, CancellationToken cancellationToken)
    {
        if (_waiting.TryGetValue((call.Tenant, name), out var waiting))
        {
            metrics.Recalled(call.Model, wasThere: true);
            return new JsonAnswer(waiting.Body, default);
        }

        using var limit = new CancellationTokenSource(ReadLimit, time);
        using var leaving = cancellationToken.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        try
        {
            var kept = await store.RecallAsync(call.Tenant, name, limit.Token);
            metrics.Recalled(call.Model, kept is not null);
            return kept is null ? null : new JsonAnswer(kept, default);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Log.CacheAway(logger, $"it did not answer within {ReadLimit.TotalMilliseconds:0} ms");
            return null;
        }
        catch (QueueUnavailableException away)
        {
            Log.CacheAway(logger, away.Message);
            return null;
        }
    }

    /// <summary>Caches an answer as soon as Redis accepts it; not at all when too many answers wait.</summary>
    public void Remember(ProviderCall call, string name, JsonAnswer answer)
    {
        var waiting = new WaitingAnswer(call.Tenant, name, answer.Body, call.Model.Options.CacheTtl!.Value);
        if (Interlocked.Add(ref _waitingBytes, waiting.Body.Length) <= MaxWaitingBytes)
        {
            _waiting[waiting.Key] = waiting;
            if (_writes.Writer.TryWrite(waiting)) return;
        }

        Log.CacheAway(logger, "too many answers wait to be written");
        Forget(waiting);
    }

    /// <summary>Writes the next answer. An answer that Redis refuses is dropped, and the others are written.</summary>
    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        var waiting = await _writes.Reader.ReadAsync(stoppingToken);
        try
        {
            await store.RememberAsync(waiting.Tenant, waiting.Name, waiting.Body, waiting.Ttl, stoppingToken);
        }
#pragma warning disable CA1031 // Whatever the store says about one answer, the others are written
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            Log.CacheAway(logger, failure.Message);
        }
#pragma warning restore CA1031

        Forget(waiting);
    }

    private void Forget(WaitingAnswer waiting)
    {
        Interlocked.Add(ref _waitingBytes, -waiting.Body.Length);
        _waiting.TryRemove(new KeyValuePair<(string Tenant, string Name), WaitingAnswer>(waiting.Key, waiting));
    }

    /// <summary>
    /// SHA-256 of the model and of the request in a canonical form: with sorted members, without white space and without fields that change
    /// nothing.
    /// </summary>
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

    private sealed record WaitingAnswer(string Tenant, string Name, ReadOnlyMemory<byte> Body, TimeSpan Ttl)
    {
        public (string Tenant, string Name) Key => (Tenant, Name);
    }
}
