using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>One call to be made to providers.</summary>
internal sealed record ProviderCall
{
    /// <summary>What telemetry calls the end of a call whose client did not wait for it.</summary>
    public const string ClientGone = "client_gone";

    public required ProviderRequest Request { get; init; }

    /// <summary>The model that was asked for, and its fallbacks.</summary>
    public required IReadOnlyList<ProviderModel> Candidates { get; init; }

    /// <summary>Who calls.</summary>
    public required string Tenant { get; init; }

    public required CallDeadline Deadline { get; init; }

    /// <summary>What the answer must fit; null for anything.</summary>
    public IAnswerCheck? Check { get; init; }

    /// <summary>What was tried.</summary>
    public AttemptLog Log { get; } = new();

    /// <summary>The model that was asked for.</summary>
    public ProviderModel Model => Candidates[0];

    /// <summary>What a call has used whose client disconnects now: the known usage, and an estimate for the attempt in flight.</summary>
    public TokenUsage UsedUntilNow => Log.IsUnderWay ? Log.Used + TokenUsage.Estimate(Request.Body.Length, 0) : Log.Used;

    /// <param name="route">What is asked, and of whom.</param>
    /// <param name="tenant">Who calls.</param>
    /// <param name="atMost">What the caller allows, null for the model's own time; never more than that.</param>
    /// <param name="time">Its deadline begins now.</param>
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

/// <summary>The one deadline of a call, retries, fallbacks and corrections included.</summary>
internal sealed class CallDeadline(TimeProvider time, TimeSpan limit)
{
    private readonly long _start = time.GetTimestamp();

    public TimeSpan Limit { get; } = limit;

    /// <summary>Time since the call began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Not negative.</summary>
    public TimeSpan Left => Limit - time.GetElapsedTime(_start) is { } left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
}
