namespace AiPlatform.Gateway.Results.Following;

/// <summary>
/// Lets the requests go on that wait for what one message or one read has brought: a group of them on one thread, one after another.
/// Queuing one of them to another thread costs as much as running many.
/// </summary>
internal static class FollowerWakes
{
    private const int AtATime = 8;

    /// <summary>Runs the requests that wait. Call it outside all locks.</summary>
    /// <param name="wakes">What they wait for.</param>
    /// <param name="othersWait">Whether the caller has other work, so that all of them run on other threads.</param>
    public static void Run(List<TaskCompletionSource> wakes, bool othersWait)
    {
        var from = 0;
        for (; wakes.Count - from > (othersWait ? 0 : AtATime); from += AtATime)
        {
            var group = wakes.GetRange(from, Math.Min(AtATime, wakes.Count - from));
            ThreadPool.UnsafeQueueUserWorkItem(RunAll, group, preferLocal: true);
        }

        if (from < wakes.Count) RunAll(from == 0 ? wakes : wakes[from..]);
    }

    private static void RunAll(List<TaskCompletionSource> group)
    {
        foreach (var wake in group) wake.TrySetResult();
    }
}
