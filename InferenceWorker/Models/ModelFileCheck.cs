using System.Globalization;
using System.Security.Cryptography;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>Checks a model's files against its manifest.</summary>
internal static class ModelFileCheck
{
    /// <exception cref="ModelProblemException">A file is missing, truncated or different.</exception>
    public static void Verify(ModelManifest manifest)
    {
        foreach (var file in manifest.Files)
        {
            var name = $"{Path.GetFileName(manifest.Folder)}/{file.Name}";
            try
            {
                Verify(name, manifest.PathOf(file), file);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                throw ModelProblemException.Unreadable(name, unreadable);
            }
        }
    }

    private static void Verify(string name, string path, ModelFile file)
    {
        if (!File.Exists(path)) throw new ModelProblemException($"{name}: the file is missing.");

        // The length is read before the file is opened: a pipe has no length, and opening one would wait for a writer.
        var length = new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path).Length;
        if (length != file.Bytes)
        {
            throw new ModelProblemException(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: the file has {length} bytes; 'bytes' in {ModelManifest.FileName} says {file.Bytes}. It may "
                + $"be cut short: copy it again."));
        }

        using var content = File.OpenRead(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        if (hash != file.Sha256)
        {
            throw new ModelProblemException(
                $"{name}: the file's SHA-256 is {hash}; 'sha256' in {ModelManifest.FileName} says {file.Sha256}. Copy it again, "
                + "or correct the manifest.");
        }
    }
}
