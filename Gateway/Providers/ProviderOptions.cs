using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Providers;

/// <summary>Somebody who serves models in OpenAI's dialect; section <c>Providers:{name}</c>.</summary>
public sealed record ProviderOptions
{
    /// <summary>Section of all providers, by name.</summary>
    public const string SectionName = "Providers";

    /// <summary>Where its API is, up to and without <c>/chat/completions</c>: <c>https://api.openai.com/v1</c>. Absolute, http or https. Needed.</summary>
    [Required]
    public Uri? BaseUrl { get; init; }

    /// <summary>Its secret; from the environment, user secrets or a vault, never from a file that is committed. Empty for a provider that asks for none.</summary>
    public string ApiKey { get; init => field = value.TrimEnd('\r', '\n'); } = "";

    /// <summary>The header that carries the key: <c>Authorization</c> (as <c>Bearer</c>, the default), or another one such as <c>api-key</c>, which carries it as it is.</summary>
    [RegularExpression("^[A-Za-z0-9-]{1,64}$")]
    public string ApiKeyHeader { get; init; } = "Authorization";

    /// <summary>Calls under way at a time; the one above goes to the fallback, or is 429. Default 10,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConcurrentCalls { get; init; } = 10_000;

    /// <summary>Longest wait for a connection. Default 5 s, 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Share of failed attempts from which the provider is left alone for a while. Default 0.5, 0.01 to 1.</summary>
    [Range(0.01, 1.0)]
    public double BreakerFailureRatio { get; init; } = 0.5;

    /// <summary>Attempts that must have been made within <see cref="BreakerWindow"/> before the share counts. Default 20, 2 to 10,000.</summary>
    [Range(2, 10_000)]
    public int BreakerAttempts { get; init; } = 20;

    /// <summary>Time over which the share is taken. Default 10 s, 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it is left alone, before one attempt tries it. Default 5 s, 500 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether streams are asked for their usage (<c>stream_options.include_usage</c>) where the caller did not; a model whose provider refuses the field is not asked again. Default true.</summary>
    public bool AskStreamUsage { get; init; } = true;

    /// <summary>
    /// Whether it is told the id of a call's trace (<c>traceparent</c>), as another AiPlatform may be. The rest of what a caller's tracing
    /// carries (<c>tracestate</c>, <c>baggage</c>) is never sent. Default false.
    /// </summary>
    public bool SendTraceParent { get; init; }

    /// <summary>Without the key: records print themselves.</summary>
    public override string ToString() => $"{nameof(ProviderOptions)} {{ {nameof(BaseUrl)} = {BaseUrl} }}";
}

/// <summary>Checks <see cref="ProviderOptions"/>, value by value.</summary>
[OptionsValidator]
internal sealed partial class ProviderOptionsValidator : IValidateOptions<ProviderOptions>;
