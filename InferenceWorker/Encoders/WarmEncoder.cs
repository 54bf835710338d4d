using AiPlatform.InferenceWorker.Batching;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>A model that has run, so that the first request finds memory and kernels ready.</summary>
/// <param name="Opened">Its files, tokenizer and session.</param>
/// <param name="Plan">How its rows share the device, as measured.</param>
internal sealed record WarmEncoder(OpenedEncoder Opened, BatchPlan Plan);
