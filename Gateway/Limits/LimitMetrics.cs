using System.Diagnostics.Metrics;
using AiPlatform.Jobs.Limits;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Limits;

/// <summary>
/// Counts calls that a limit refused; documented in docs/operations.md. Each kind of limit has its series from the start, with 0.
/// Prometheus computes growth from one sample of a series to the next, so it would miss a first refusal with which a series begins.
/// </summary>
internal sealed class LimitMetrics
{
    private static readonly (LimitKind Kind, KeyValuePair<string, object?> Tag)[] Limits =
    [
        (LimitKind.Requests, new("limit", "requests")),
        (LimitKind.Tokens, new("limit", "tokens")),
        (LimitKind.Concurrency, new("limit", "concurrency")),
        (LimitKind.DailyBudget, new("limit", "daily_budget")),
        (LimitKind.MonthlyBudget, new("limit", "monthly_budget")),
    ];

    /// <summary>Refused calls by <see cref="LimitKind"/>.</summary>
    private readonly long[] _refused = new long[Limits.Max(limit => (int)limit.Kind) + 1];

    public LimitMetrics(IMeterFactory meters) => meters.Create(TelemetrySources.Name).CreateObservableCounter(
        "aiplatform.limits.refused",
        () => Limits.Select(limit => new Measurement<long>(Interlocked.Read(ref _refused[(int)limit.Kind]), limit.Tag)),
        "{call}", "Calls that a limit of their tenant or key refused, by limit");

    /// <summary>Counts a call that a limit refused.</summary>
    public void Refused(LimitKind kind) => Interlocked.Increment(ref _refused[(int)kind]);
}
