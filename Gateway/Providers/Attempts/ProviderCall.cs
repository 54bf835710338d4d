using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>One call to providers.</summary>
internal sealed record ProviderCall
{
    /// <summary>The outcome in telemetry of a call whose client disconnected.</summary>
    public const string ClientGone = "client_gone";

    public required ProviderRequest Request { get; init; }

    /// <summary>The model that was asked for, and its fallbacks.</summary>
    public required IReadOnlyList<ProviderModel> Candidates { get; init; }

    /// <summary>The tenant that calls.</summary>
    public required string Tenant { get; init; }

    public required CallDeadline Deadline { get; init; }

    /// <summary>The check that the answer must pass; null for none.</summary>
    public IAnswerCheck? Check { get; init; }

    /// <summary>The attempts of this call.</summary>
    public AttemptLog Log { get; } = new();

    /// <summary>The model that was asked for.</summary>
    public ProviderModel Model => Candidates[0];

    /// <summary>The usage of the call if its client disconnects now: the known usage, and an estimate for the attempt in flight.</summary>
    public TokenUsage UsedUntilNow => Log.IsUnderWay ? Log.Used + TokenUsage.Estimate(Request.Body.Length, 0) : Log.Used;

    /// <param name="route">The request and its models.</param>
    /// <param name="tenant">The tenant that calls.</param>
    /// <param name="atMost">The caller's time limit; null for the model's own limit, which it can only shorten.</param>
    /// <param name="time">The clock; the deadline begins now.</param>
    public static ProviderCall Of(RoutedRequest route, string tenant, TimeSpan? atMost, TimeProvider time)
    {
        var limit = route.Model.Options.Timeout;
        return new ProviderCall
        {
            Request = route.Request,
            Candidates = route.Candidates,
            Tenant = tenant,
            Check = route.Check,
            Deadline = new CallDeadline(time, atMost < limit ? atMost.Value : limit),
        };
    }
}

/// <summary>The deadline of a whole call with its retries, fallbacks and corrections.</summary>
internal sealed class CallDeadline(TimeProvider time, TimeSpan limit)
{
    private readonly long _start = time.GetTimestamp();

    public TimeSpan Limit { get; } = limit;

    /// <summary>Time since the call began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>The time until the deadline; never negative.</summary>
    public TimeSpan Left => Limit - time.GetElapsedTime(_start) is { } left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
}
