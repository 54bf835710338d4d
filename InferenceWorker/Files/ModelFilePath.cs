namespace AiPlatform.InferenceWorker.Files;

/// <summary>Looks at a file without opening it: opening a pipe would wait for a writer.</summary>
internal static class ModelFilePath
{
    /// <summary>The length in bytes of a file, or of the one that a link leads to; 0 for a pipe and other things without content.</summary>
    /// <exception cref="IOException">There is no such file, or the link leads nowhere.</exception>
    public static long LengthOf(string path) => Target(path).Length;

    /// <summary>The file itself, or the file that a link finally leads to.</summary>
    public static FileInfo Target(string path) => new(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
}
