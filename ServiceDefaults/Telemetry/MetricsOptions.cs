using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Metrics for Prometheus, which asks for them at <c>/metrics</c>; section <c>Metrics</c>.</summary>
public sealed class MetricsOptions
{
    public const string SectionName = "Metrics";

    /// <summary>
    /// Whether <c>/metrics</c> answers: at <see cref="Url"/>, or else beside the process' other routes, where a Gateway with keys asks for
    /// an operator's. Otherwise nothing is measured, unless metrics are exported over OTLP. Default false.
    /// </summary>
    public bool Prometheus { get; init; }

    /// <summary>
    /// An address of its own for <c>/metrics</c>, such as <c>http://*:9464</c>; it asks for no key and has no other route, so let only
    /// Prometheus reach it. <c>http://</c>, a host or <c>*</c>, and a port. Default none.
    /// </summary>
    [RegularExpression(@"^(http://[^/\s:\[\]]+:\d{1,5}|http://\[[0-9a-fA-F:.]+\]:\d{1,5})?$")]
    public string? Url { get; init; }
}

/// <summary>Checks the form of <see cref="MetricsOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class MetricsOptionsValidator : IValidateOptions<MetricsOptions>;
