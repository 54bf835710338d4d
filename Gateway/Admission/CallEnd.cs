using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Admission;

/// <summary>How a synchronous call ended.</summary>
/// <param name="Id">Its job; null when none was made.</param>
/// <param name="Job">The job when it has ended; null when it was not waited for to its end, or was lost.</param>
/// <param name="Error">Why there is no result; null when there is one.</param>
internal readonly record struct CallEnd(JobId? Id, Job? Job, InferenceError? Error);
