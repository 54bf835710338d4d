using System.Globalization;
using AiPlatform.Jobs.Limits;

namespace AiPlatform.Gateway.Limits;

/// <summary>The errors of calls that a limit refuses.</summary>
internal static class LimitRefusals
{
    /// <summary>How long a client should wait that cannot know how long, because its call alone is larger than the limit.</summary>
    private static readonly TimeSpan Unknown = TimeSpan.FromMinutes(1);

    /// <param name="reading">The refusal.</param>
    /// <param name="tokens">The tokens that the call may take.</param>
    public static InferenceError Of(LimitReading reading, long tokens)
    {
        var limit = reading.Limits.Where(limit => limit.Kind == reading.Refusal).OrderBy(limit => limit.Left).First();
        var isBudget = limit.Kind is LimitKind.DailyBudget or LimitKind.MonthlyBudget;
        var whose = limit.IsOfKey ? "This API key's" : "Your tenant's";
        var what = limit.Kind switch
        {
            LimitKind.Requests => "limit of {0} requests per minute",
            LimitKind.Tokens => "limit of {0} tokens per minute",
            LimitKind.Concurrency => "limit of {0} concurrent calls",
            LimitKind.DailyBudget => "budget of {0} tokens per day",
            _ => "budget of {0} tokens per month",
        };
        var named = $"{whose} {string.Format(CultureInfo.InvariantCulture, what, limit.Limit)}";
        var needs = limit.Kind is LimitKind.Requests or LimitKind.Concurrency ? "" : string.Create(
            CultureInfo.InvariantCulture, $" This call may take {tokens} tokens, read and written, and {limit.Left} are left.");
        return new InferenceError
        {
            Kind = isBudget ? InferenceErrorKind.BudgetExceeded : InferenceErrorKind.RateLimited,
            Message = reading.Wait is { } wait
                ? $"{named} is reached.{needs} {NextTry(limit.Kind, wait)}"
                : string.Create(CultureInfo.InvariantCulture, $"{named} is less than this call may take: {tokens} tokens, read and ")
                + "written. Send less, or ask for fewer with max_tokens.",
            ViolatedPolicy = LimitHeaders.NameOf(limit),
            RetryAfter = reading.Wait ?? Unknown,
            Retryable = LimitHeaders.IsWorthARetry(reading),
        };
    }

    private static string NextTry(LimitKind kind, TimeSpan wait) => kind == LimitKind.Concurrency
        ? "Try again when one of them has ended."
        : string.Create(CultureInfo.InvariantCulture, $"Try again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds))} s.");
}
