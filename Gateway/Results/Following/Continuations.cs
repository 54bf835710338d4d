namespace AiPlatform.Gateway.Results.Following;

/// <summary>
/// Collects the requests that wait for what one message or one read has brought, and runs their continuations: a group of them on one
/// thread, one after another. Queuing one of them to another thread costs as much as running many.
/// </summary>
/// <param name="complete">Completes a request, whose continuation runs inside the call.</param>
internal sealed class Continuations<T>(Action<T> complete)
{
    private const int AtATime = 8;

    private List<T> _group = [];

    /// <summary>Adds a request. Full groups are queued to other threads, so a caller may hold locks.</summary>
    public void Add(T one)
    {
        if (_group.Count == AtATime)
        {
            Queue();
            _group = [];
        }

        _group.Add(one);
    }

    /// <summary>Runs the last group. Call it outside all locks, and only once.</summary>
    /// <param name="othersWait">
    /// Whether other messages wait. Then the last group also runs on another thread, so that those messages do not wait for these requests.
    /// </param>
    public void Run(bool othersWait)
    {
        if (!othersWait) RunAll(_group);
        else if (_group.Count > 0) Queue();
    }

    private void Queue() => ThreadPool.UnsafeQueueUserWorkItem(RunAll, _group, preferLocal: true);

    private void RunAll(List<T> group)
    {
        foreach (var one in group) complete(one);
    }
}
