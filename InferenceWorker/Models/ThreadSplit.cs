namespace AiPlatform.InferenceWorker.Models;

/// <summary>How a model's threads are split among its runs.</summary>
/// <param name="ParallelRuns">Runs at a time.</param>
/// <param name="ThreadsPerRun">Threads that compute each.</param>
internal readonly record struct ThreadSplit(int ParallelRuns, int ThreadsPerRun)
{
    /// <summary>The split that the settings require; null if it has to be measured.</summary>
    public static ThreadSplit? Configured(ExecutionDevice device, ModelOptions options)
    {
        var threads = ThreadsOf(options);
        // On CUDA it is the device that computes a run, whatever the threads.
        if (device.IsCuda) return new ThreadSplit(Math.Max(1, options.ParallelRuns), 1);
        if (threads == 1 && options.ParallelRuns == 0) return OneRun(threads);
        return options.ParallelRuns > 0 ? Of(options.ParallelRuns, threads) : null;
    }

    /// <summary>Threads of one model on the CPU.</summary>
    public static int ThreadsOf(ModelOptions options) => options.Threads > 0 ? options.Threads : Environment.ProcessorCount;

    /// <summary>One run at a time, on all threads.</summary>
    public static ThreadSplit OneRun(int threads) => new(1, threads);

    /// <summary>Several runs at a time, each on its share of the threads, at least 1.</summary>
    public static ThreadSplit Of(int parallelRuns, int threads) => new(parallelRuns, Math.Max(1, threads / parallelRuns));
}
