using System.ComponentModel.DataAnnotations;
using AiPlatform.Jobs.Redis;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Settings of a process that leases jobs; section <c>Leasing</c>.</summary>
public sealed class LeasingOptions
{
    public const string SectionName = "Leasing";

    /// <summary>Time in which a stopping process gives back the jobs that have not ended.</summary>
    public static readonly TimeSpan ReturnTime = TimeSpan.FromSeconds(5);

    /// <summary>Most payload that one lease takes, in bytes; a single larger job is still taken. Default 16 MiB, 64 KiB to 1 GiB.</summary>
    [Range(64 * 1024, 1024 * 1024 * 1024)]
    public int MaxLeasedBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// How long a stopping process drains: it finishes the jobs that it runs before it gives the rest back. Default 20 s, 0 to 10 min; with
    /// 5 s to give the rest back it must fit into <c>Shutdown:Timeout</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>Checks the ranges of <see cref="LeasingOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class LeasingOptionsValidator : IValidateOptions<LeasingOptions>;

/// <summary>Checks at start that the drain timeout and the time to give jobs back fit into the shutdown timeout.</summary>
internal sealed class DrainOrderCheck(IOptions<ShutdownOptions> shutdown) : IValidateOptions<LeasingOptions>
{
    public ValidateOptionsResult Validate(string? name, LeasingOptions options) =>
        options.DrainTimeout + LeasingOptions.ReturnTime <= shutdown.Value.Timeout
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            $"{LeasingOptions.SectionName}:{nameof(options.DrainTimeout)} is {options.DrainTimeout}; with "
            + $"{LeasingOptions.ReturnTime.TotalSeconds:0} s to give back "
            + $"what has not ended it must fit into {ShutdownOptions.SectionName}:{nameof(ShutdownOptions.Timeout)} "
            + $"({shutdown.Value.Timeout}). Lower it, or raise that and "
            + $"{ShutdownOptions.SectionName}:{nameof(ShutdownOptions.GracePeriod)}.");
}

/// <summary>The unique name of this process as one that leases jobs; see <see cref="ProcessName"/>.</summary>
public sealed record WorkerName(string Value);
