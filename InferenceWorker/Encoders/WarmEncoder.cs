using AiPlatform.InferenceWorker.Batching;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>A model that has been warmed up, so that its memory and kernels are ready for the first request.</summary>
/// <param name="Opened">Its files, tokenizer and session.</param>
/// <param name="Plan">How its rows share the device, as measured.</param>
internal sealed record WarmEncoder(OpenedEncoder Opened, BatchPlan Plan);
