using AiPlatform.Gateway.Limits;
using AiPlatform.Jobs.Limits;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AiPlatform.Tests.Gateway.Limits;

/// <summary>What clients are told of limits, as docs/keys-and-limits.md has it.</summary>
public sealed class LimitHeadersTests
{
    [Fact]
    public void Set_TenantAndKey_NamesBothAndOpenAIsAreOfTheTighter()
    {
        var headers = HeadersOf(
            LimitKind.None, TimeSpan.Zero, State(LimitKind.DailyBudget, 900, 100, 3_600), State(LimitKind.Requests, 600, 12, 42),
            State(LimitKind.Tokens, 1_000, 7, 30), State(LimitKind.Concurrency, 20, 19, 0),
            State(LimitKind.Requests, 60, 9, 17, ofKey: true), State(LimitKind.Tokens, 500, 400, 30, ofKey: true));

        Assert.Equal(
            "\"tokens-per-day\";q=900;qu=\"tokens\";w=86400, \"rpm\";q=600;w=60, \"tokens\";q=1000;qu=\"tokens\";w=60, "
            + "\"concurrency\";q=20;qu=\"concurrent-requests\", \"key-rpm\";q=60;w=60, \"key-tokens\";q=500;qu=\"tokens\";w=60",
            headers["RateLimit-Policy"]);
        Assert.Equal(
            "\"tokens-per-day\";r=100;t=3600, \"rpm\";r=12;t=42, \"tokens\";r=7;t=30, \"concurrency\";r=19, \"key-rpm\";r=9;t=17, "
            + "\"key-tokens\";r=400;t=30",
            headers["RateLimit"]);
        Assert.Equal(
            ("60", "9", "1000", "7"),
            (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"], headers["x-ratelimit-limit-tokens"],
                headers["x-ratelimit-remaining-tokens"]));
        Assert.Equal("1m17s", headers["x-ratelimit-reset-requests"]);
        Assert.False(headers.ContainsKey("x-should-retry"));
    }

    /// <summary>More may be left before there is enough for this call.</summary>
    [Fact]
    public void Set_Refused_TimeIsThatOfTheNextTry()
    {
        var headers = HeadersOf(LimitKind.Tokens, TimeSpan.FromSeconds(33), State(LimitKind.Tokens, 500, 3, 8));

        Assert.Equal("\"tokens\";r=3;t=33", headers["RateLimit"]);
    }

    /// <summary>SDKs sleep as long as <c>Retry-After</c> says, so a longer wait is none, and a call that never fits has none.</summary>
    [Theory]
    [InlineData(120, false)]
    [InlineData(121, true)]
    [InlineData(null, true)]
    public void Set_LongWait_TellsSdksNotToRetry(int? seconds, bool isLong)
    {
        var headers = HeadersOf(
            LimitKind.MonthlyBudget, seconds is { } wait ? TimeSpan.FromSeconds(wait) : null, State(LimitKind.MonthlyBudget, 500, 3, 8));

        Assert.Equal(isLong ? "false" : "", headers.TryGetValue("x-should-retry", out var value) ? value : "");
    }

    /// <summary>All is left again a minute after more is.</summary>
    private static LimitState State(LimitKind kind, long limit, long left, double more, bool ofKey = false) =>
        new(kind, ofKey, limit, left, TimeSpan.FromSeconds(more), TimeSpan.FromSeconds(more + 60));

    private static Dictionary<string, string> HeadersOf(LimitKind refusal, TimeSpan? wait, params LimitState[] limits)
    {
        var context = new DefaultHttpContext();
        LimitHeaders.Set(context.Response, new LimitReading(refusal, wait, limits, WasCounted: false));
        return context.Response.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
    }
}
