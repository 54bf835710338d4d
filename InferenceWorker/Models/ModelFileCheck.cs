using System.Globalization;
using System.Security.Cryptography;
using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>Checks a model's files against the lengths and sums of its manifest. Where it has none, the files must be there.</summary>
internal static class ModelFileCheck
{
    /// <exception cref="ModelProblemException">A file is missing, truncated or different.</exception>
    public static void Verify(ModelManifest manifest) => Verify(manifest.Folder, manifest.Files);

    /// <param name="folder">Full path of the model's folder.</param>
    /// <param name="files">What its manifest says of its files.</param>
    /// <exception cref="ModelProblemException">A file is missing, truncated or different.</exception>
    public static void Verify(string folder, IReadOnlyList<ModelFile> files)
    {
        foreach (var file in files)
        {
            var name = $"{Path.GetFileName(folder)}/{file.Name}";
            try
            {
                Verify(name, Path.Combine(folder, file.Name), file);
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

        var length = ModelFilePath.LengthOf(path);
        if (length == 0 && file.Bytes is null) throw new ModelProblemException($"{name}: the file is empty, or no regular file.");
        if (file.Bytes is { } bytes && length != bytes)
        {
            throw new ModelProblemException(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: the file has {length} bytes; 'bytes' in {ModelManifest.FileName} says {bytes}. It may "
                + $"be cut short: copy it again."));
        }

        if (file.Sha256 is null) return;
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
