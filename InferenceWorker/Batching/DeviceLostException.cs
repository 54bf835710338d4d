namespace AiPlatform.InferenceWorker.Batching;

/// <summary>The device runs nothing any more; the process must be restarted.</summary>
internal sealed class DeviceLostException(string message, Exception inner) : Exception(message, inner);
