namespace AiPlatform.InferenceWorker.Batching;

/// <summary>How the rows of one model share its device, as measured at warm-up.</summary>
/// <param name="Limits">The limits of one run.</param>
/// <param name="Cost">The cost of a run while the other runs are in progress.</param>
/// <param name="ParallelRuns">Device threads, each with one run at a time.</param>
internal sealed record BatchPlan(BatchLimits Limits, DeviceCost Cost, int ParallelRuns)
{
    /// <summary>Makes buffers that hold the largest run, either of many rows or of the longest single row.</summary>
    public RunBuffers NewBuffers(IBatchedModel model, IRowSession session) =>
        session.NewBuffers(Math.Max(Limits.MaxTokens, model.MaxTokens));
}

/// <summary>The limits of one run.</summary>
/// <param name="MaxRows">Most rows.</param>
/// <param name="MaxTokens">Most tokens of several rows, padding included: rows × the longest row. A single row may be longer.</param>
internal readonly record struct BatchLimits(int MaxRows, int MaxTokens)
{
    /// <summary>The model's own limits, with at most as many tokens as are useful on the device.</summary>
    public static BatchLimits For(IBatchedModel model, DeviceCost cost) =>
        new(model.MaxBatchRows, Math.Min(model.MaxBatchTokens, cost.UsefulTokens));

    /// <summary>How many rows of this length fit into a run, at least 1.</summary>
    public int RowsOf(int length) => Math.Clamp(MaxTokens / length, 1, MaxRows);

    /// <summary>Whether a run of several rows is within both limits.</summary>
    public bool Allow(int rows, int longest) => rows <= MaxRows && (long)rows * longest <= MaxTokens;
}

/// <summary>The limits of a model that batching uses.</summary>
internal interface IBatchedModel
{
    string Name { get; }

    /// <summary>Most tokens of one row.</summary>
    int MaxTokens { get; }

    /// <summary>Most rows in one run.</summary>
    int MaxBatchRows { get; }

    /// <summary>Most tokens in one run, padding included.</summary>
    int MaxBatchTokens { get; }
}
