using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Providers.Configuration;

/// <summary>A model that a provider serves, or what holds for a worker's model; section <c>Models:{name}</c>.</summary>
public sealed record ProviderModelOptions
{
    /// <summary>Instead of a provider's name: our own InferenceWorkers serve the model.</summary>
    public const string Workers = "workers";

    /// <summary>Section of all models, by name.</summary>
    public const string SectionName = "Models";

    /// <summary>
    /// The name that requests use, if it cannot be a configuration key (because it has a colon, say). Default none; without it the key is
    /// the name.
    /// </summary>
    [StringLength(QueueName.MaxModelLength, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>
    /// The provider that serves the model: a key of <c>Providers</c>; or <c>workers</c> for a model of the InferenceWorkers, of which only
    /// <c>Name</c> and <c>Fallbacks</c> can be set here. Needed.
    /// </summary>
    [Required]
    public string Provider { get; init; } = "";

    /// <summary>The provider's name of the model. Default none; without it, the model's own name.</summary>
    [StringLength(512, MinimumLength = 1)]
    public string? UpstreamModel { get; init; }

    /// <summary>
    /// Models of this section that are called, in this order, when this one fails. Jobs ask only those of providers. Default none.
    /// </summary>
    [MaxLength(8)]
    public string[] Fallbacks { get; init; } = [];

    /// <summary>
    /// The deadline of a whole call with its retries and fallbacks; <c>X-Request-Timeout</c> can only shorten it. Default 10 min, 100 ms to
    /// 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Longest silence before the first event of a stream; comments and pings end a silence. Models that think are silent for minutes, and
    /// each attempt is billed. Default 5 min, 50 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00")]
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Longest silence inside a stream; some models send the role first and think afterwards. Default 5 min, 50 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest time of one attempt of a call that does not stream. Default 5 min, 50 ms to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "01:00:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Retries after the first attempt has failed, before the fallback is called. Default 3, 0 to 10.</summary>
    [Range(0, 10)]
    public int MaxRetries { get; init; } = 3;

    /// <summary>How often an answer that does not fit its schema is sent back to the model with its errors. Default 2, 0 to 5.</summary>
    [Range(0, 5)]
    public int MaxCorrections { get; init; } = 2;

    /// <summary>Whether <c>format</c> in a schema is checked; otherwise it is an annotation. Default false.</summary>
    public bool AssertFormats { get; init; }

    /// <summary>
    /// Largest answer, in bytes. For a stream it is the largest event, and the whole text if that must fit a schema. Default 16 MiB, 1 KiB
    /// to 256 MiB.
    /// </summary>
    [Range(1024, 256 * 1024 * 1024)]
    public int MaxAnswerBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// How long answers to deterministic requests are cached for equal requests of the same tenant; without it none are cached. Default
    /// none, 1 s to 30 days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan? CacheTtl { get; init; }

    /// <summary>Jobs of this model that one Gateway runs at a time. Default 16, 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int ConcurrentJobs { get; init; } = 16;

    /// <summary>Compares lists by their elements.</summary>
    public bool Equals(ProviderModelOptions? other) =>
        other is not null && Fallbacks.SequenceEqual(other.Fallbacks)
        && (Name, Provider, UpstreamModel, Timeout, FirstByteTimeout, IdleTimeout, AttemptTimeout)
            == (other.Name, other.Provider, other.UpstreamModel, other.Timeout, other.FirstByteTimeout, other.IdleTimeout,
                other.AttemptTimeout)
        && (MaxRetries, MaxCorrections, AssertFormats, MaxAnswerBytes, CacheTtl, ConcurrentJobs)
            == (other.MaxRetries, other.MaxCorrections, other.AssertFormats, other.MaxAnswerBytes, other.CacheTtl, other.ConcurrentJobs);

    public override int GetHashCode() => HashCode.Combine(Provider, UpstreamModel, Timeout);
}

/// <summary>Checks <see cref="ProviderModelOptions"/>, value by value.</summary>
[OptionsValidator]
internal sealed partial class ProviderModelOptionsValidator : IValidateOptions<ProviderModelOptions>;
