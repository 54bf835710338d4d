namespace AiPlatform.Benchmarks.Processes;

/// <summary>Waits for processes that say nothing when they are ready.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks again and again until the answer is yes.</summary>
    /// <exception cref="BenchmarkException">It was not within a minute, or the process ended.</exception>
    public static async Task UntilAsync(ChildProcess process, Func<Task<bool>> isReady, string what, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        while (!await isReady())
        {
            process.ThrowIfEnded();
            if (time.GetElapsedTime(start) > Patience) throw new BenchmarkException($"{what} was not ready within {Patience}.");
            await Task.Delay(Pause, time, cancellationToken);
        }
    }
}
