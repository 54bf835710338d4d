using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Files;

/// <summary>
/// A model cannot be served. The message names its folder, the file and the field, and what to change. It quotes files, and is made
/// fit for a terminal.
/// </summary>
internal sealed class ModelProblemException(string message, Exception? inner = null) : Exception(PrintableText.Of(message), inner)
{
    /// <summary>A file that is there, or should be, and cannot be read.</summary>
    /// <param name="file">The file, with its folder.</param>
    /// <param name="why">What reading it threw.</param>
    public static ModelProblemException Unreadable(string file, Exception why) => new(
        $"{file}: cannot be read: {why switch
        {
            UnauthorizedAccessException => "this process may not read it, or it is a folder.",
            FileNotFoundException or DirectoryNotFoundException => "it does not exist.",
            _ => why.Message,
        }}",
        why);
}
