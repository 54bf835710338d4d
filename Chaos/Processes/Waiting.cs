namespace AiPlatform.Chaos.Processes;

/// <summary>Waits for a condition with a bound.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <param name="condition">What is waited for.</param>
    /// <param name="what">Says, when it was in vain, what was waited for and what there was instead.</param>
    /// <param name="bound">How long.</param>
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
