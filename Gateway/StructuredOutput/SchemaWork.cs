namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// Runs bounded work on schemas and answers. Short work runs on the caller's thread. Longer work is started again on one of a few threads
/// of its own, so that no other request waits for it.
/// </summary>
internal sealed class SchemaWork : IDisposable
{
    /// <summary>
    /// Most steps on the caller's thread, about two milliseconds. Work that needs more has wasted these steps, a hundredth of its budget.
    /// </summary>
    private const long StepsInPlace = StepBudget.Whole / 100;

    /// <summary>Work on schemas uses at most half of the cores; the other half serves requests.</summary>
    private static readonly int Threads = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly SemaphoreSlim _threads = new(Threads);
    private int _waiting;

    /// <summary>How many pieces of work wait for a thread.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <param name="work">The work, which is started twice if it takes long and must keep no state.</param>
    /// <param name="cancellationToken">Ends the wait and the work.</param>
    /// <exception cref="StepsSpentException">The work needs more than <see cref="StepBudget.Whole"/> steps.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<T> RunAsync<T>(Func<StepBudget, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return work(new StepBudget(StepsInPlace, cancellationToken));
        }
        catch (StepsSpentException)
        {
            // The work takes long; it is started again below.
        }

        await WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(
                () => work(new StepBudget(StepBudget.Whole, cancellationToken)),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }
        finally
        {
            _threads.Release();
        }
    }

    public void Dispose() => _threads.Dispose();

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await _threads.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
