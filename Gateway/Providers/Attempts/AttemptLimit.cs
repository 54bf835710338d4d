namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>
/// Limits the time of an attempt, or of a silence: its own limit, or the time until the call's deadline if that is shorter. It has one
/// timer, which each sign of life restarts.
/// </summary>
internal sealed class AttemptLimit : IDisposable
{
    private readonly CancellationTokenSource _ending;
    private readonly CancellationTokenRegistration _leaving;

    /// <param name="length">Its own limit.</param>
    /// <param name="deadline">The call's deadline, which it never exceeds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="leaving">The client's token, which also cancels <see cref="Token"/>.</param>
    public AttemptLimit(TimeSpan length, CallDeadline deadline, TimeProvider time, CancellationToken leaving)
    {
        Length = length;
        Deadline = deadline;
        _ending = new CancellationTokenSource(Next(), time);
        _leaving = leaving.UnsafeRegister(static ending => ((CancellationTokenSource)ending!).Cancel(), _ending);
    }

    public TimeSpan Length { get; }

    public CallDeadline Deadline { get; }

    /// <summary>Canceled when the limit has passed, or the client disconnects.</summary>
    public CancellationToken Token => _ending.Token;

    /// <summary>Whether the call's deadline ends this limit, and not its own length.</summary>
    public bool IsDeadline { get; private set; }

    /// <summary>How far the provider has come, for the error message.</summary>
    public AttemptProgress Progress { get; set; }

    /// <summary>Restarts the time, because the provider has shown a sign of life.</summary>
    public void Restart() => _ending.CancelAfter(Next());

    /// <summary>Stops the time until the next <see cref="Restart"/>.</summary>
    public void Pause() => _ending.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>Ends the limit after this time, because no client waits any more.</summary>
    public void End(TimeSpan within)
    {
        if (within > TimeSpan.Zero) _ending.CancelAfter(within);
        else _ending.Cancel();
    }

    public void Dispose()
    {
        _leaving.Dispose();
        _ending.Dispose();
    }

    private TimeSpan Next()
    {
        var left = Deadline.Left;
        IsDeadline = left < Length;
        return IsDeadline ? left : Length;
    }
}

/// <summary>How far a provider has come with its answer.</summary>
internal enum AttemptProgress
{
    /// <summary>Nothing has arrived.</summary>
    Silent,

    /// <summary>An answer that is not a stream has begun.</summary>
    Answering,

    /// <summary>A stream has begun. It may have sent signs of life, but no event with content.</summary>
    Streaming,
}
