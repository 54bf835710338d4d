using System.ComponentModel.DataAnnotations;
using AiPlatform.Jobs.Limits;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Configuration;

/// <summary>
/// The limits of every tenant whose entry in <c>ApiKeys</c> does not set them otherwise; section <c>Limits</c>. All Gateways count
/// together.
/// </summary>
public sealed class LimitsOptions
{
    public const string SectionName = "Limits";

    /// <summary>Calls to models of 60 s; further ones are 429. Default 0, 0 to 1,000,000,000,000; 0 is no limit.</summary>
    [Range(0, CallLimits.Most)]
    public long RequestsPerMinute { get; init; }

    /// <summary>
    /// Tokens of 60 s, read and written; calls beyond it are 429. A call counts with the tokens that it may take, and from its end on with
    /// those that it took. Default 0, 0 to 1,000,000,000,000; 0 is no limit.
    /// </summary>
    [Range(0, CallLimits.Most)]
    public long TokensPerMinute { get; init; }

    /// <summary>
    /// Calls to models that are under way at a time; further ones are 429. Jobs in the background do not count. Default 0, 0 to
    /// 1,000,000,000,000; 0 is no limit.
    /// </summary>
    [Range(0, CallLimits.Most)]
    public long ConcurrentCalls { get; init; }

    /// <summary>
    /// Budget of tokens of a day (UTC), read and written; calls beyond it are 429 <c>insufficient_quota</c>. Default 0, 0 to
    /// 1,000,000,000,000; 0 is no budget.
    /// </summary>
    [Range(0, CallLimits.Most)]
    public long TokensPerDay { get; init; }

    /// <summary>
    /// Budget of tokens of a calendar month (UTC), read and written; calls beyond it are 429 <c>insufficient_quota</c>. Default 0, 0 to
    /// 1,000,000,000,000; 0 is no budget.
    /// </summary>
    [Range(0, CallLimits.Most)]
    public long TokensPerMonth { get; init; }

    internal CallLimits Limits => new()
    {
        RequestsPerMinute = RequestsPerMinute,
        TokensPerMinute = TokensPerMinute,
        ConcurrentCalls = ConcurrentCalls,
        TokensPerDay = TokensPerDay,
        TokensPerMonth = TokensPerMonth,
    };
}

/// <summary>Checks <see cref="LimitsOptions"/> at start, value by value.</summary>
[OptionsValidator]
internal sealed partial class LimitsOptionsValidator : IValidateOptions<LimitsOptions>;
