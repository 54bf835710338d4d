using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>What may share one run.</summary>
/// <param name="MaxRows">Most rows.</param>
/// <param name="MaxTokens">Most tokens, padding included: rows × the longest row.</param>
/// <param name="LengthTolerance">How far a row's length may be from the first row's, as a part of that; infinite for any.</param>
internal readonly record struct BatchLimits(int MaxRows, int MaxTokens, double LengthTolerance)
{
    /// <summary>On a CPU a run gains nothing from more tokens than these for each thread; short runs keep waiting short.</summary>
    private const int UsefulTokensPerThread = 128;

    /// <summary>A CPU computes padding as slowly as text: an eighth of padding costs what a full batch gains over single rows.</summary>
    private const double CpuLengthTolerance = 0.125;

    /// <param name="manifest">The model's own limits.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="threads">Threads that compute one run on the CPU.</param>
    public static BatchLimits For(ModelManifest manifest, ExecutionDevice device, int threads)
    {
        if (device.IsCuda) return new BatchLimits(manifest.MaxBatchRows, manifest.MaxBatchTokens, double.PositiveInfinity);

        var useful = Math.Max(manifest.MaxTokens, UsefulTokensPerThread * threads);
        return new BatchLimits(manifest.MaxBatchRows, Math.Min(manifest.MaxBatchTokens, useful), CpuLengthTolerance);
    }

    /// <summary>Rows of one length that fit a run, at least 1.</summary>
    public int RowsOf(int length) => Math.Clamp(MaxTokens / length, 1, MaxRows);

    /// <summary>How many tokens shorter or longer than the first row another may be.</summary>
    public int ToleranceOf(int length) =>
        double.IsPositiveInfinity(LengthTolerance) ? int.MaxValue : Math.Max(1, (int)(length * LengthTolerance));
}
