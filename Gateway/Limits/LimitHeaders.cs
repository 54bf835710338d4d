using System.Globalization;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Limits;

namespace AiPlatform.Gateway.Limits;

/// <summary>
/// The headers about limits: <c>RateLimit-Policy</c> and <c>RateLimit</c> (draft-ietf-httpapi-ratelimit-headers), and OpenAI's
/// <c>x-ratelimit-*</c>.
/// </summary>
internal static class LimitHeaders
{
    /// <summary>
    /// SDKs sleep as long as they are told to: a longer wait is none that a program should sit through. The OpenAI dialect then has no
    /// <c>Retry-After</c> either.
    /// </summary>
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(2);

    public static void Set(HttpResponse response, LimitReading reading)
    {
        var headers = response.Headers;
        headers[CallHeaders.LimitPolicyName] = string.Join(", ", reading.Limits.Select(PolicyOf));
        headers[CallHeaders.LimitName] = string.Join(", ", reading.Limits.Select(limit => StateOf(limit, reading)));
        SetOpenAI(headers, "requests", reading.Limits, LimitKind.Requests);
        SetOpenAI(headers, "tokens", reading.Limits, LimitKind.Tokens);
        if (reading.Refusal != LimitKind.None && !IsWorthARetry(reading)) headers[RetryHeaders.ShouldRetryName] = "false";
    }

    /// <summary>Whether a program should wait for a call that was refused, and send it again.</summary>
    public static bool IsWorthARetry(LimitReading refused) => refused.Wait <= LongestRetry;

    /// <summary>The name of a limit's policy.</summary>
    public static string NameOf(LimitState limit)
    {
        var name = limit.Kind switch
        {
            LimitKind.Requests => "rpm",
            LimitKind.Tokens => "tokens",
            LimitKind.Concurrency => "concurrency",
            LimitKind.DailyBudget => "tokens-per-day",
            _ => "tokens-per-month",
        };
        return limit.IsOfKey ? $"key-{name}" : name;
    }

    /// <summary>Its unit, as the draft names it.</summary>
    public static string UnitOf(LimitKind kind) => kind switch
    {
        LimitKind.Requests => "requests",
        LimitKind.Concurrency => "concurrent-requests",
        _ => "tokens",
    };

    /// <summary>Its window; null for a limit that has none, or one whose length differs.</summary>
    public static TimeSpan? WindowOf(LimitKind kind) => kind switch
    {
        LimitKind.Requests or LimitKind.Tokens => TimeSpan.FromMinutes(1),
        LimitKind.DailyBudget => TimeSpan.FromDays(1),
        _ => null,
    };

    private static string PolicyOf(LimitState limit)
    {
        var unit = limit.Kind == LimitKind.Requests ? "" : $";qu=\"{UnitOf(limit.Kind)}\"";
        var window = WindowOf(limit.Kind) is { } length ? string.Create(CultureInfo.InvariantCulture, $";w={length.TotalSeconds}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"\"{NameOf(limit)}\";q={limit.Limit}{unit}{window}");
    }

    private static string StateOf(LimitState limit, LimitReading reading)
    {
        // A retry before this time would be refused again.
        var more = limit.Kind == reading.Refusal && reading.Wait is { } wait ? wait : limit.More;
        var time = limit.Kind == LimitKind.Concurrency
            ? "" : string.Create(CultureInfo.InvariantCulture, $";t={Math.Ceiling(more.TotalSeconds)}");
        return string.Create(CultureInfo.InvariantCulture, $"\"{NameOf(limit)}\";r={limit.Left}{time}");
    }

    private static void SetOpenAI(IHeaderDictionary headers, string unit, IReadOnlyList<LimitState> limits, LimitKind kind)
    {
        LimitState? tightest = null;
        foreach (var limit in limits)
            if (limit.Kind == kind && !(tightest?.Left <= limit.Left)) tightest = limit;
        if (tightest is not { } one) return;

        headers[$"x-ratelimit-limit-{unit}"] = one.Limit.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-remaining-{unit}"] = one.Left.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-reset-{unit}"] = Duration(one.All);
    }

    /// <summary>A time as OpenAI writes it, such as <c>1m3s</c>, <c>12s</c> or <c>0s</c>.</summary>
    internal static string Duration(TimeSpan time)
    {
        var seconds = (long)Math.Ceiling(time.TotalSeconds);
        return string.Create(CultureInfo.InvariantCulture, $"{(seconds >= 60 ? $"{seconds / 60}m" : "")}{seconds % 60}s");
    }
}
