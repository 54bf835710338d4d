using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>
/// A model cannot be served. The message names its folder, the file and the field, and what to change. It quotes files, and is made
/// fit for a terminal.
/// </summary>
internal sealed class ModelProblemException(string message, Exception? inner = null) : Exception(PrintableText.Of(message), inner);
