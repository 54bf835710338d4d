namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// Does what schemas and answers ask for, in bounded work: a little where it is asked for; what turns out to take more is begun again on
/// one of a few threads of its own, so that no request waits for it but the one that asked.
/// </summary>
internal sealed class SchemaWork : IDisposable
{
    /// <summary>
    /// Steps on the thread that asks, about two milliseconds. What needs more loses them: a hundredth of what it may have.
    /// </summary>
    private const long StepsInPlace = StepBudget.Whole / 100;

    /// <summary>Half of the cores at most: the other half serves.</summary>
    private static readonly int Threads = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly SemaphoreSlim _threads = new(Threads);
    private int _waiting;

    /// <summary>Work that waits for a thread.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <param name="work">Is begun twice when it takes long; keeps nothing from the first time.</param>
    /// <param name="cancellationToken">Ends the wait and the work.</param>
    /// <exception cref="StepsSpentException">It takes more than <see cref="StepBudget.Whole"/> steps.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<T> RunAsync<T>(Func<StepBudget, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return work(new StepBudget(StepsInPlace, cancellationToken));
        }
        catch (StepsSpentException)
        {
            // It takes long.
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
