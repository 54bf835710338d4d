using System.Globalization;
using System.Text.RegularExpressions;
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
    /// Prometheus reach it. <c>http://</c>, a host or <c>*</c>, and a port from 1 to 65535, which each process of a machine needs for
    /// itself. Default none.
    /// </summary>
    public string? Url { get; init; }
}

/// <summary>Checks the form of <see cref="MetricsOptions"/> at start.</summary>
internal sealed partial class MetricsOptionsValidator : IValidateOptions<MetricsOptions>
{
    /// <summary>The setting, for messages.</summary>
    public const string Url = $"{MetricsOptions.SectionName}:{nameof(MetricsOptions.Url)}";

    [GeneratedRegex(@"\Ahttp://([^/\s:\[\]]+|\[[0-9a-fA-F:.]+\]):(?<port>[0-9]{1,5})\z")]
    private static partial Regex Address { get; }

    public ValidateOptionsResult Validate(string? name, MetricsOptions options) =>
        string.IsNullOrEmpty(options.Url)
        || (Address.Match(options.Url) is { Success: true } match
            && int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture) is > 0 and <= ushort.MaxValue)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{Url} must be http://, a host or *, and a port from 1 to {ushort.MaxValue}, such as http://*:9464.");
}
