using System.Buffers;
using System.Text.Json;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Reads a model's manifest. A field that is missing, unknown or out of range is refused with its name.</summary>
internal static class ManifestReader
{
    private const int Sha256Characters = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false };

    /// <exception cref="ModelProblemException">The manifest cannot be read, or has values that this version cannot serve.</exception>
    public static ModelManifest Read(string folder)
    {
        var file = $"{Path.GetFileName(folder)}/{ModelManifest.FileName}";
        using var document = Parse(Path.Combine(folder, ModelManifest.FileName), file);
        var manifest = new ManifestField(file, "", document.RootElement);
        manifest.MustBeObject();

        // The task is read before the other fields, because the task of a later version may have other fields.
        var name = manifest.Required("task").Text();
        if (WorkerTasks.Find(name) is not { } task)
        {
            throw new ModelProblemException(
                $"{file}: task '{name}' is not supported by this version. Supported: "
                + $"{string.Join(", ", WorkerTasks.All.Select(one => one.Kind))}.");
        }

        manifest.AllowOnly([.. ModelManifest.Fields, .. task.ManifestFields]);
        manifest.Required("runtime").OneOf(ModelManifest.OnnxRuntime);
        return task.ReadManifest(new ManifestContent(folder, manifest, ReadFiles(manifest.Required("files"))));
    }

    /// <summary>The name in a manifest, if it can be read; else null.</summary>
    public static string? TryReadName(string folder)
    {
        try
        {
            using var document = Parse(Path.Combine(folder, ModelManifest.FileName), folder);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
                    ? name.GetString()
                    : null;
        }
        catch (ModelProblemException)
        {
            return null;
        }
    }

    private static List<ModelFile> ReadFiles(ManifestField field)
    {
        field.MustBeObject();
        List<ModelFile> files = [];
        foreach (var entry in field.Properties())
        {
            entry.MustBeObject();
            entry.AllowOnly("bytes", "sha256", "device");
            var sha256 = entry.Required("sha256");
            if (sha256.Text() is not { Length: Sha256Characters } hash || hash.AsSpan().ContainsAnyExcept(HexDigits))
                throw sha256.Refuse($"must be {Sha256Characters} lower-case hexadecimal digits");

            files.Add(new ModelFile(
                entry.FileName(entry.Path[(field.Path.Length + 1)..]), entry.Required("bytes").Whole(1, long.MaxValue), hash,
                entry.Required("device").OneOf(ModelFile.AnyDevice, "cpu", "cuda")));
        }

        return files;
    }

    private static JsonDocument Parse(string path, string file)
    {
        try
        {
            var json = File.ReadAllBytes(path);
            // The text is parsed first, because a truncated text is not JSON, whatever it contains.
            var document = JsonDocument.Parse(json, JsonOptions);
            return JsonUnicode.IsValid(json) ? document : throw new InvalidOperationException();
        }
        catch (InvalidOperationException half)
        {
            // Comparing names that have half of a surrogate pair throws this, too.
            throw new ModelProblemException($"{file}: has text that is not valid Unicode.", half);
        }
        catch (JsonException broken)
        {
            throw new ModelProblemException(
                $"{file}: not valid JSON, see line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}. It may be cut short.",
                broken);
        }
        catch (FileNotFoundException missing)
        {
            throw new ModelProblemException(
                $"{file}: the file is missing. A model's folder needs a manifest of this name (docs/models.md); a folder that is no model "
                + $"belongs elsewhere.",
                missing);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw ModelProblemException.Unreadable(file, unreadable);
        }
    }
}
