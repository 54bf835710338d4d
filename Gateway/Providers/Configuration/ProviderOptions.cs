using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Providers.Configuration;

/// <summary>A server of models that speaks OpenAI's dialect; section <c>Providers:{name}</c>.</summary>
public sealed record ProviderOptions
{
    /// <summary>Section of all providers, by name.</summary>
    public const string SectionName = "Providers";

    /// <summary>
    /// Where the provider's API is, up to and without <c>/chat/completions</c>: <c>https://api.openai.com/v1</c>. An absolute URL, http or
    /// https. Needed.
    /// </summary>
    [Required]
    public Uri? BaseUrl { get; init; }

    /// <summary>
    /// The provider's secret, which comes from the environment, user secrets or a vault, and never from a file that is committed. Empty for
    /// a provider that asks for none. Default none.
    /// </summary>
    public string ApiKey { get; init => field = value.TrimEnd('\r', '\n'); } = "";

    /// <summary>
    /// The header that carries the key: <c>Authorization</c> carries it as a bearer token, another one such as <c>api-key</c> as it is.
    /// Default <c>Authorization</c>.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9-]{1,64}$")]
    public string ApiKeyHeader { get; init; } = "Authorization";

    /// <summary>Calls in flight at a time; the one above goes to the fallback, or is 429. Default 10,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConcurrentCalls { get; init; } = 10_000;

    /// <summary>Longest wait for a connection to the provider. Default 5 s, 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Share of failed attempts at which the circuit breaker opens: the provider is then asked nothing for <see cref="BreakerPause"/>.
    /// Default 0.5, 0.01 to 1.
    /// </summary>
    [Range(0.01, 1.0)]
    public double BreakerFailureRatio { get; init; } = 0.5;

    /// <summary>
    /// Attempts within <see cref="BreakerWindow"/> from which on the circuit breaker looks at their share of failures. Default 20, 2 to
    /// 10,000.
    /// </summary>
    [Range(2, 10_000)]
    public int BreakerAttempts { get; init; } = 20;

    /// <summary>Time over which the circuit breaker counts attempts. Default 10 s, 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an open circuit breaker keeps calls from the provider, before one attempt tries it. Default 5 s, 500 ms to 10 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether the Gateway asks for the usage of a stream (<c>stream_options.include_usage</c>) where the caller did not. A model whose
    /// provider refuses the field is not asked again. Default true.
    /// </summary>
    public bool AskStreamUsage { get; init; } = true;

    /// <summary>
    /// Whether the provider is told the id of a call's trace (<c>traceparent</c>), as another AiPlatform may be. <c>tracestate</c>,
    /// <c>baggage</c> and other headers of the caller are never sent. Default false.
    /// </summary>
    public bool SendTraceParent { get; init; }

    /// <summary>Without the key: records print themselves.</summary>
    public override string ToString() => $"{nameof(ProviderOptions)} {{ {nameof(BaseUrl)} = {BaseUrl} }}";
}

/// <summary>Checks <see cref="ProviderOptions"/>, value by value.</summary>
[OptionsValidator]
internal sealed partial class ProviderOptionsValidator : IValidateOptions<ProviderOptions>;
