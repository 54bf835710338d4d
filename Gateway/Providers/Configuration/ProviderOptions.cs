using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Providers.Configuration;

/// <summary>A server of models that speaks OpenAI's dialect; section <c>Providers:{name}</c>.</summary>
public sealed record ProviderOptions
{
    /// <summary>Section of all providers, by name.</summary>
    public const string SectionName = "Providers";

    /// <summary>
    /// The URL of the provider's API without <c>/chat/completions</c>: <c>https://api.openai.com/v1</c>. An absolute URL, http or https.
    /// Needed.
    /// </summary>
    [Required]
    public Uri? BaseUrl { get; init; }

    /// <summary>
    /// The provider's secret. Set it by the environment, user secrets or a vault, never in a file that is committed. Empty for a provider
    /// that needs none. Default none.
    /// </summary>
    public string ApiKey { get; init => field = value.TrimEnd('\r', '\n'); } = "";

    /// <summary>
    /// The header that carries the key: <c>Authorization</c> carries it as a bearer token, any other header such as <c>api-key</c> as it
    /// is. Default <c>Authorization</c>.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9-]{1,64}$")]
    public string ApiKeyHeader { get; init; } = "Authorization";

    /// <summary>Most calls in flight; a further call goes to the fallback, or is 429. Default 10,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConcurrentCalls { get; init; } = 10_000;

    /// <summary>Longest wait for a connection to the provider. Default 5 s, 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The version of HTTP: <c>auto</c> is HTTP/2 over https where the provider offers it, and HTTP/1.1 otherwise; <c>1.1</c> is only
    /// that; <c>2</c> is only HTTP/2, also over http (h2c). Default <c>auto</c>.
    /// </summary>
    [AllowedValues("auto", "1.1", "2", ErrorMessage = "{0} must be auto, 1.1 or 2.")]
    public string HttpVersion { get; init; } = "auto";

    /// <summary>
    /// Share of failed attempts at which the circuit breaker opens. The provider then gets no calls for <see cref="BreakerPause"/>. Default
    /// 0.5, 0.01 to 1.
    /// </summary>
    [Range(0.01, 1.0)]
    public double BreakerFailureRatio { get; init; } = 0.5;

    /// <summary>Least attempts within <see cref="BreakerWindow"/> before the circuit breaker may open. Default 20, 2 to 10,000.</summary>
    [Range(2, 10_000)]
    public int BreakerAttempts { get; init; } = 20;

    /// <summary>Time over which the circuit breaker counts attempts. Default 10 s, 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the circuit breaker stays open before one attempt tests the provider. Default 5 s, 500 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether the Gateway asks for the usage of a stream (<c>stream_options.include_usage</c>) if the caller did not. If a provider
    /// refuses the field for a model, the Gateway no longer sends it for this model. Default true.
    /// </summary>
    public bool AskStreamUsage { get; init; } = true;

    /// <summary>
    /// Whether the provider gets the id of a call's trace (<c>traceparent</c>), for example another AiPlatform. <c>tracestate</c>,
    /// <c>baggage</c> and other headers of the caller are never sent. Default false.
    /// </summary>
    public bool SendTraceParent { get; init; }

    /// <summary>A text without the key, because a record's own text would contain it.</summary>
    public override string ToString() => $"{nameof(ProviderOptions)} {{ {nameof(BaseUrl)} = {BaseUrl} }}";
}

/// <summary>Checks <see cref="ProviderOptions"/>, value by value.</summary>
[OptionsValidator]
internal sealed partial class ProviderOptionsValidator : IValidateOptions<ProviderOptions>;
