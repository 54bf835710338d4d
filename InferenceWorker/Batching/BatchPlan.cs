using AiPlatform.InferenceWorker.Encoders;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>How the rows of one model share its device; what was measured at warm-up decides.</summary>
/// <param name="Limits">How much may share one run.</param>
/// <param name="Cost">What a run costs while the other runs go on beside it.</param>
/// <param name="ParallelRuns">Device threads, each with one run at a time.</param>
internal sealed record BatchPlan(BatchLimits Limits, DeviceCost Cost, int ParallelRuns)
{
    /// <summary>Buffers that hold the largest run, be it of many rows or of the longest alone.</summary>
    public RunBuffers NewBuffers(EncoderManifest manifest, IRowSession session) =>
        RunBuffers.For(session, Math.Max(Limits.MaxTokens, manifest.MaxTokens));
}
