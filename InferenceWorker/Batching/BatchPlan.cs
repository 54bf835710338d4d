namespace AiPlatform.InferenceWorker.Batching;

/// <summary>How the rows of one model share its device; what was measured at warm-up decides.</summary>
/// <param name="Limits">How much may share one run.</param>
/// <param name="Cost">What a run costs while the other runs go on beside it.</param>
/// <param name="ParallelRuns">Device threads, each with one run at a time.</param>
internal sealed record BatchPlan(BatchLimits Limits, DeviceCost Cost, int ParallelRuns)
{
    /// <summary>Buffers that hold the largest run, be it of many rows or of the longest alone.</summary>
    public RunBuffers NewBuffers(IBatchedModel model, IRowSession session) =>
        RunBuffers.For(session, Math.Max(Limits.MaxTokens, model.MaxTokens));
}

/// <summary>How much may share one run.</summary>
/// <param name="MaxRows">Most rows.</param>
/// <param name="MaxTokens">Most tokens of several rows, padding included: rows × the longest row. A row alone may be longer.</param>
internal readonly record struct BatchLimits(int MaxRows, int MaxTokens)
{
    /// <summary>The model's own limits, and no more tokens than the device gains from.</summary>
    public static BatchLimits For(IBatchedModel model, DeviceCost cost) =>
        new(model.MaxBatchRows, Math.Min(model.MaxBatchTokens, cost.UsefulTokens));

    /// <summary>Rows of one length that fit a run, at least 1.</summary>
    public int RowsOf(int length) => Math.Clamp(MaxTokens / length, 1, MaxRows);

    /// <summary>Whether a run of several rows is within both limits.</summary>
    public bool Allow(int rows, int longest) => rows <= MaxRows && (long)rows * longest <= MaxTokens;
}

/// <summary>What batching knows of a model.</summary>
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
