using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>What may share one run.</summary>
/// <param name="MaxRows">Most rows.</param>
/// <param name="MaxTokens">Most tokens, padding included: rows × the longest row.</param>
/// <param name="LengthTolerance">How far a row's length may be from the first row's, as a part of that; infinite for any.</param>
internal readonly record struct BatchLimits(int MaxRows, int MaxTokens, double LengthTolerance)
{
    /// <summary>On a CPU a run gains nothing from more tokens than this: two cores are busy with far fewer.</summary>
    private const int UsefulCpuTokens = 512;

    /// <summary>A CPU computes padding as slowly as text: an eighth of padding costs what a full batch gains over single rows.</summary>
    private const double CpuLengthTolerance = 0.125;

    public static BatchLimits For(ModelManifest manifest, ExecutionDevice device) => device.IsCuda
        ? new BatchLimits(manifest.MaxBatchRows, manifest.MaxBatchTokens, double.PositiveInfinity)
        : new BatchLimits(
            manifest.MaxBatchRows, Math.Min(manifest.MaxBatchTokens, Math.Max(UsefulCpuTokens, manifest.MaxTokens)), CpuLengthTolerance);

    /// <summary>Rows of one length that fit a run, at least 1.</summary>
    public int RowsOf(int length) => Math.Clamp(MaxTokens / length, 1, MaxRows);

    /// <summary>How many tokens shorter or longer than the first row another may be.</summary>
    public int ToleranceOf(int length) =>
        double.IsPositiveInfinity(LengthTolerance) ? int.MaxValue : Math.Max(1, (int)(length * LengthTolerance));
}
