using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Settings of a process that leases jobs; section <c>Leasing</c>.</summary>
public sealed class LeasingOptions
{
    public const string SectionName = "Leasing";

    /// <summary>Payload taken in one lease, in bytes; a single larger job is still taken. Default 16 MiB, 64 KiB to 1 GiB.</summary>
    [Range(64 * 1024, 1024 * 1024 * 1024)]
    public int MaxLeasedBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// How long a stopping process finishes what it runs before it gives the rest back. Default 20 s, 0 to 10 min; keep it
    /// under the platform's grace period (30 s on most).
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>Checks <see cref="LeasingOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class LeasingOptionsValidator : IValidateOptions<LeasingOptions>;
