namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Measures what runs cost, all device threads running at once as they will when the worker is busy. Of several tries the
/// cheapest counts: what else the machine does can only add.
/// </summary>
/// <param name="session">The model.</param>
/// <param name="model">Its limits.</param>
/// <param name="parallelRuns">Runs at a time.</param>
/// <param name="tokenId">A token of its vocabulary.</param>
/// <param name="clock">
/// What is measured. CPU time hardly depends on what else the machine does, but says nothing of a GPU, and not how long several
/// threads take for one run; time on the wall does.
/// </param>
internal sealed class CostMeasurement(
    IRowSession session, IBatchedModel model, int parallelRuns, int tokenId, Func<TimeSpan> clock)
{
    /// <summary>No larger run is begun that would not fit: about this long, all runs together.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(800);

    /// <summary>However slow the device is, so many runs are measured.</summary>
    private const int LeastSamples = 3;

    private const int Tries = 5;
    private const int ShortestLength = 8;
    private const int ShortLength = 32;

    private readonly RunBuffers[] _buffers = new RunBuffers[parallelRuns];

    /// <summary>Runs with ever more tokens: first longer ones, then ones of more rows, then longer ones again.</summary>
    public IReadOnlyList<CostSample> Measure()
    {
        var samples = new List<CostSample>();
        var spent = 0.0;
        foreach (var (rows, length) in Shapes())
        {
            // Each shape has at most twice the tokens of the one before.
            if (samples.Count >= LeastSamples && spent + (2 * (1 + Tries) * samples[^1].Seconds) > Budget.TotalSeconds) break;
            samples.Add(new CostSample(rows, length, SecondsOf(rows, length) / parallelRuns));
            spent += (1 + Tries) * samples[^1].Seconds;
        }

        return samples;
    }

    /// <summary>What all parallel runs of this shape take together.</summary>
    public double SecondsOf(int rows, int length)
    {
        // The first run finds memory and kernels.
        RunAtOnce(rows, length, tries: 1);
        return RunAtOnce(rows, length, Tries);
    }

    /// <summary>Runs the largest batches at once, so that the first requests find their memory ready.</summary>
    public void RunLargest(BatchLimits limits) => RunAtOnce(limits.RowsOf(model.MaxTokens), model.MaxTokens, tries: 1);

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

    /// <summary>All threads begin each try together, and all have ended before the next; gives the cheapest try.</summary>
    private double RunAtOnce(int rows, int length, int tries)
    {
        var batch = BatchOf(rows, length);
        var stamps = new List<TimeSpan>();
        // Read while every thread stands at the barrier: before each try and after it.
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

    private RunBuffers BuffersFor(int thread, int tokens) =>
        _buffers[thread] is { } made && made.Ids.Length >= tokens
            ? made
            : _buffers[thread] = RunBuffers.For(session, tokens);

    private WaitingRow[] BatchOf(int rows, int length)
    {
        var ids = new int[length];
        ids.AsSpan().Fill(tokenId);
        var nobody = new RowRequest([ids]);
        return [.. Enumerable.Range(0, rows).Select(index => new WaitingRow(nobody, index, ids))];
    }
}
