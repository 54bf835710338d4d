namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Measures the cost of runs while all device threads run at once, as they do when the worker is busy. Of several tries the cheapest
/// counts, because other load on the machine can only add to the cost.
/// </summary>
/// <param name="session">The model.</param>
/// <param name="model">Its limits.</param>
/// <param name="parallelRuns">Runs at a time.</param>
/// <param name="tokenId">A token of its vocabulary.</param>
/// <param name="clock">
/// The clock to measure with. CPU time hardly depends on other load on the machine, but it does not measure a GPU, nor how long several
/// threads take for one run; wall time does.
/// </param>
internal sealed class CostMeasurement(
    IRowSession session, IBatchedModel model, int parallelRuns, int tokenId, Func<TimeSpan> clock) : IDisposable
{
    /// <summary>
    /// Called when a run fails after smaller ones have not, with its tokens: the device has too little memory for it. Without it the
    /// failure is an error, since the system has memory for any batch.
    /// </summary>
    public Action<int, Exception>? OnTooLarge { get; init; }

    /// <summary>The time for all runs together; a larger run is not begun if it would exceed this time.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(800);

    /// <summary>Least runs to measure, however slow the device is.</summary>
    private const int LeastSamples = 3;

    private const int Tries = 5;
    private const int ShortestLength = 8;
    private const int ShortLength = 32;

    private readonly RunBuffers?[] _buffers = new RunBuffers?[parallelRuns];

    /// <summary>Measures runs with more and more tokens: first longer rows, then more rows, then longer rows again.</summary>
    public IReadOnlyList<CostSample> Measure()
    {
        var samples = new List<CostSample>();
        var spent = 0.0;
        foreach (var (rows, length) in Shapes())
        {
            // Each shape has at most twice the tokens of the previous shape.
            if (samples.Count >= LeastSamples && spent + (2 * (1 + Tries) * samples[^1].Seconds) > Budget.TotalSeconds) break;
            try
            {
                samples.Add(new CostSample(rows, length, SecondsOf(rows, length) / parallelRuns));
            }
            catch (Exception failure) when (OnTooLarge is not null && samples.Count > 0)
            {
                OnTooLarge(rows * length, failure);
                break;
            }

            spent += (1 + Tries) * samples[^1].Seconds;
        }

        return samples;
    }

    /// <summary>The time that all parallel runs of this shape take together.</summary>
    public double SecondsOf(int rows, int length)
    {
        // The first run allocates memory and selects kernels, so it is not measured.
        RunAtOnce(rows, length, tries: 1);
        return RunAtOnce(rows, length, Tries);
    }

    /// <summary>Runs the largest batches at once, so that memory is allocated before the first request.</summary>
    /// <returns>The limits, with fewer tokens if the device has too little memory.</returns>
    public BatchLimits RunLargest(BatchLimits limits)
    {
        while (true)
        {
            var rows = limits.RowsOf(model.MaxTokens);
            try
            {
                RunAtOnce(rows, model.MaxTokens, tries: 1);
                return limits;
            }
            catch (Exception failure) when (OnTooLarge is not null && rows > 1)
            {
                OnTooLarge(rows * model.MaxTokens, failure);
                limits = limits with { MaxTokens = rows / 2 * model.MaxTokens };
            }
        }
    }

    public void Dispose()
    {
        foreach (var buffers in _buffers) buffers?.Dispose();
    }

    private IEnumerable<(int Rows, int Length)> Shapes()
    {
        var (rows, length) = (1, Math.Min(ShortestLength, model.MaxTokens));
        while ((long)rows * length <= model.MaxBatchTokens)
        {
            yield return (rows, length);
            if (length < ShortLength && length < model.MaxTokens) length = Math.Min(2 * length, model.MaxTokens);
            else if (rows < model.MaxBatchRows) rows = Math.Min(2 * rows, model.MaxBatchRows);
            else if (length < model.MaxTokens) length = Math.Min(2 * length, model.MaxTokens);
            else yield break;
        }
    }

    /// <summary>
    /// Runs the tries: all threads begin each try together and have ended before the next. Returns the time of the cheapest try.
    /// </summary>
    private double RunAtOnce(int rows, int length, int tries)
    {
        var batch = BatchOf(rows, length);
        var stamps = new List<TimeSpan>();
        // The clock is read while every thread is at the barrier, before and after each try.
        using var barrier = new Barrier(parallelRuns, _ => stamps.Add(clock()));
        var threads = new Task[parallelRuns];
        for (var i = 0; i < parallelRuns; i++)
        {
            var buffers = BuffersFor(i, rows * length);
            threads[i] = Task.Factory.StartNew(
                () => RunTries(batch, buffers, tries, barrier), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }

        Task.WhenAll(threads).GetAwaiter().GetResult();
        return stamps.Skip(1).Zip(stamps, (after, before) => after - before).Where((_, i) => i % 2 == 0).Min().TotalSeconds;
    }

    private void RunTries(WaitingRow[] batch, RunBuffers buffers, int tries, Barrier barrier)
    {
        try
        {
            for (var attempt = 0; attempt < tries; attempt++)
            {
                barrier.SignalAndWait();
                session.Run(batch, buffers);
                barrier.SignalAndWait();
            }
        }
        catch
        {
            // A thread whose run failed must not keep the others waiting.
            barrier.RemoveParticipant();
            throw;
        }
    }

    private RunBuffers BuffersFor(int thread, int tokens)
    {
        if (_buffers[thread] is { } made && made.Ids.Length >= tokens) return made;
        _buffers[thread]?.Dispose();
        return _buffers[thread] = session.NewBuffers(tokens);
    }

    private WaitingRow[] BatchOf(int rows, int length)
    {
        var ids = new int[length];
        ids.AsSpan().Fill(tokenId);
        var nobody = new RowRequest([ids]);
        return [.. Enumerable.Range(0, rows).Select(index => new WaitingRow(nobody, index, ids))];
    }
}
