using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Configuration;

/// <summary>Settings of the Gateway; section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    public const string SectionName = "Gateway";

    /// <summary>Largest request body, in bytes, also after decompression; a larger one is 413. Default 4 MiB, 1 KiB to 256 MiB.</summary>
    [Range(1024, 256 * 1024 * 1024)]
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// How long a synchronous call without <c>X-Request-Timeout</c> waits for its result; then 504. Default 1 min, 100 ms to 1 h; at most
    /// <see cref="MaxRequestTimeout"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Longest wait that <c>X-Request-Timeout</c> may ask for, to which a longer one is cut; and how long a stream of a worker's model may
    /// take that asks for nothing. Default 10 min, 1 s to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MaxRequestTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a synchronous call waits for a worker when none serves its model; then 503 <c>model_unavailable</c>. Default 5 s, 0 to
    /// 10 min. It covers the restart of a single worker; jobs wait for a worker until their deadline.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan WorkerWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether a Gateway without API keys may listen beyond loopback outside Development: everybody who reaches it may then do
    /// everything. Default false.
    /// </summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>
    /// Host names, besides those of loopback, that a Gateway without API keys accepts, such as <c>gateway</c>, <c>*.example.com</c> or
    /// <c>10.0.0.5</c>, without a port; <c>*</c> for any (<c>Gateway__Hosts__0=gateway</c>). Other names are 403. With keys every name is
    /// accepted. Default none.
    /// </summary>
    public string[] Hosts { get; init; } = [];

    /// <summary>
    /// Origins whose pages may call the API from a browser (CORS), such as <c>Gateway__CorsOrigins__0=https://app.example.com</c>. Default
    /// none.
    /// </summary>
    public string[] CorsOrigins { get; init; } = [];

    /// <summary>
    /// The page of a dashboard that shows a trace, with <c>{traceId}</c> where its id belongs, such as
    /// <c>http://localhost:18888/traces/detail/{traceId}</c>: the Gateway's own page links to it. Absolute, http or https. Default none.
    /// </summary>
    [RegularExpression("^https?://[^\\s]*\\{traceId\\}[^\\s]*$")]
    [StringLength(2048)]
    public string? TraceUrl { get; init; }
}

/// <summary>Checks <see cref="GatewayOptions"/> at start, value by value.</summary>
[OptionsValidator]
internal sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>;
