using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Commands;

/// <summary>Copies the files of a model into a folder, or links them, and computes their lengths and sums.</summary>
internal static class ModelCopy
{
    private const int BufferBytes = 1024 * 1024;

    /// <param name="source">The folder that has them.</param>
    /// <param name="files">Their names there, relative; the last parts differ.</param>
    /// <param name="target">The folder that gets them, under the last parts of their names.</param>
    /// <param name="links">Whether it gets links instead of copies.</param>
    /// <returns>The manifest's <c>files</c>.</returns>
    /// <exception cref="ModelProblemException">A file cannot be read, or there is no room for it.</exception>
    public static JsonObject Take(SourceFolder source, IReadOnlyList<string> files, string target, bool links)
    {
        if (!links) CheckRoom(source, files, target);
        var entries = new JsonObject();
        foreach (var file in files)
        {
            var (from, to) = (Path.Combine(source.Path, file), Path.Combine(target, Path.GetFileName(file)));
            try
            {
                ModelFilePath.RequireContent(from, $"{source.Hub.Name}/{file}");
                var (bytes, sum) = links ? Link(from, to) : Copy(from, to);
                entries[Path.GetFileName(file)] = new JsonObject { ["bytes"] = bytes, ["sha256"] = sum, ["device"] = "any" };
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw new ModelProblemException(
                    $"{source.Hub.Name}/{file}: it cannot be {(links ? "linked" : "copied")}: {failed.Message}", failed);
            }
        }

        return entries;
    }

    private static void CheckRoom(SourceFolder source, IReadOnlyList<string> files, string target)
    {
        var needed = files.Sum(file => ModelFilePath.LengthOf(Path.Combine(source.Path, file)));
        var free = new DriveInfo(target).AvailableFreeSpace;
        if (needed <= free) return;
        throw new ModelProblemException(string.Create(
            CultureInfo.InvariantCulture,
            $"The model has {needed} bytes; the disk of the models' folder has {free} left. Make room, or give --link."));
    }

    private static (long Bytes, string Sum) Link(string from, string to)
    {
        var real = ModelFilePath.Target(from).FullName;
        File.CreateSymbolicLink(to, real);
        using var content = File.OpenRead(real);
        return (content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private static (long Bytes, string Sum) Copy(string from, string to)
    {
        using var reading = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var writing = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long bytes = 0;
            for (int read; (read = reading.Read(buffer)) > 0; bytes += read)
            {
                sum.AppendData(buffer, 0, read);
                writing.Write(buffer, 0, read);
            }

            // The rename that publishes the model must not reach the disk before its content.
            writing.Flush(flushToDisk: true);
            return (bytes, Convert.ToHexStringLower(sum.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
