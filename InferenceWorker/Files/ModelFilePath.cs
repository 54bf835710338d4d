namespace AiPlatform.InferenceWorker.Files;

/// <summary>Looks at a file without opening it: opening a pipe would wait for a writer.</summary>
internal static class ModelFilePath
{
    /// <summary>The length in bytes of a file, or of the one that a link leads to; 0 for a pipe and other things without content.</summary>
    /// <exception cref="IOException">There is no such file, or the link leads nowhere.</exception>
    public static long LengthOf(string path) => Target(path).Length;

    /// <summary>Refuses a file without content, which may be a pipe, before it is opened.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="file">Its name with its folder, for messages.</param>
    /// <exception cref="ModelProblemException">It is empty, or no regular file.</exception>
    /// <exception cref="IOException">There is no such file, or the link leads nowhere.</exception>
    public static void RequireContent(string path, string file)
    {
        if (LengthOf(path) == 0) throw new ModelProblemException($"{file}: it is empty, or no regular file.");
    }

    /// <summary>The file itself, or the file that a link finally leads to.</summary>
    public static FileInfo Target(string path) => new(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
}
