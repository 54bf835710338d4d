using AiPlatform.InferenceWorker.Encoders;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>How much may share one run.</summary>
/// <param name="MaxRows">Most rows.</param>
/// <param name="MaxTokens">Most tokens of several rows, padding included: rows × the longest row. A row alone may be longer.</param>
internal readonly record struct BatchLimits(int MaxRows, int MaxTokens)
{
    /// <summary>The model's own limits, and no more tokens than the device gains from.</summary>
    public static BatchLimits For(EncoderManifest manifest, DeviceCost cost) =>
        new(manifest.MaxBatchRows, Math.Min(manifest.MaxBatchTokens, cost.UsefulTokens));

    /// <summary>Rows of one length that fit a run, at least 1.</summary>
    public int RowsOf(int length) => Math.Clamp(MaxTokens / length, 1, MaxRows);

    /// <summary>Whether a run of several rows is within both limits.</summary>
    public bool Allow(int rows, int longest) => rows <= MaxRows && (long)rows * longest <= MaxTokens;
}
