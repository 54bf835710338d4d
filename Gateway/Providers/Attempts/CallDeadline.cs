namespace AiPlatform.Gateway.Providers.Attempts;

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
