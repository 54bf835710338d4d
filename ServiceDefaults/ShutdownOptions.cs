using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.ServiceDefaults;

/// <summary>How long a process may take to stop; section <c>Shutdown</c>.</summary>
public sealed class ShutdownOptions
{
    public const string SectionName = "Shutdown";

    /// <summary>
    /// Longest time from SIGTERM until the process ends by itself. Default 28 s, 1 s to 20 min; less than <see cref="GracePeriod"/>, and at
    /// least <c>Leasing:DrainTimeout</c> and 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:20:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(28);

    /// <summary>Time that the orchestrator gives a process between SIGTERM and SIGKILL. Default 30 s, 2 s to 30 min.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:30:00")]
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Checks the ranges of <see cref="ShutdownOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class ShutdownOptionsValidator : IValidateOptions<ShutdownOptions>;

/// <summary>Checks at start that a process ends before it is killed.</summary>
internal sealed class ShutdownOrderCheck : IValidateOptions<ShutdownOptions>
{
    public ValidateOptionsResult Validate(string? name, ShutdownOptions options) => options.Timeout < options.GracePeriod
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            $"{ShutdownOptions.SectionName}:{nameof(options.Timeout)} is {options.Timeout}, and the process is killed after "
            + $"{ShutdownOptions.SectionName}:{nameof(options.GracePeriod)} ({options.GracePeriod}): it must be shorter.");
}
