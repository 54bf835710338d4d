namespace AiPlatform.InferenceWorker.Models;

/// <summary>A model cannot be served. The message names its folder, the file and the field, and what to change.</summary>
internal sealed class ModelProblemException(string message, Exception? inner = null) : Exception(message, inner);
