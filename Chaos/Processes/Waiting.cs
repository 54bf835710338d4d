namespace AiPlatform.Chaos.Processes;

/// <summary>Waits for a condition with a bound.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <param name="condition">The condition.</param>
    /// <param name="what">Describes the condition and the actual state, for the message when the wait fails.</param>
    /// <param name="bound">The longest wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The condition did not come true.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan bound, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > bound) throw new TimeoutException($"Waited {bound} in vain: {what()}");
            await Task.Delay(Step, TimeProvider.System, cancellationToken);
        }
    }
}
