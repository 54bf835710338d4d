namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>
/// How long an attempt, or a silence, may last: its own limit, or what the call's deadline leaves of it. It has one timer, which a sign
/// of life starts anew.
/// </summary>
internal sealed class AttemptLimit : IDisposable
{
    private readonly CancellationTokenSource _ending;
    private readonly CancellationTokenRegistration _leaving;

    /// <param name="length">Its own limit.</param>
    /// <param name="deadline">The call's, which it never passes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="leaving">The client's: <see cref="Token"/> is canceled with it.</param>
    public AttemptLimit(TimeSpan length, CallDeadline deadline, TimeProvider time, CancellationToken leaving)
    {
        Length = length;
        Deadline = deadline;
        _ending = new CancellationTokenSource(Next(), time);
        _leaving = leaving.UnsafeRegister(static ending => ((CancellationTokenSource)ending!).Cancel(), _ending);
    }

    public TimeSpan Length { get; }

    public CallDeadline Deadline { get; }

    /// <summary>Canceled when the time is over, or the client leaves.</summary>
    public CancellationToken Token => _ending.Token;

    /// <summary>Whether what ends, or has ended, this is the deadline, and not its own limit.</summary>
    public bool IsDeadline { get; private set; }

    /// <summary>How far the provider has come, for the message that says what took so long.</summary>
    public AttemptProgress Progress { get; set; }

    /// <summary>The provider has shown that it works: the time begins anew.</summary>
    public void Restart() => _ending.CancelAfter(Next());

    /// <summary>Stops the time until the next <see cref="Restart"/>.</summary>
    public void Pause() => _ending.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>Nobody waits any more, but for what comes within this time.</summary>
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
    /// <summary>Nothing has come.</summary>
    Silent,

    /// <summary>An answer that comes whole has begun.</summary>
    Answering,

    /// <summary>A stream has begun; it may have sent signs of life, but no event that says something.</summary>
    Streaming,
}
