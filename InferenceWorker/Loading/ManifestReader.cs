using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// Reads a model's manifest. A field that is missing is taken from the other files of its folder; one that they do not tell, that is
/// unknown, or out of range is refused with its name.
/// </summary>
internal static class ManifestReader
{
    private const int Sha256Characters = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <exception cref="ModelProblemException">The manifest cannot be read, or has values that this version cannot serve.</exception>
    public static ModelManifest Read(string folder)
    {
        var file = $"{Path.GetFileName(folder)}/{ModelManifest.FileName}";
        using var document = Parse(Path.Combine(folder, ModelManifest.FileName), file);
        var written = new ManifestField(file, "", document.RootElement);
        written.MustBeObject();

        // The task is read before the other fields, because the task of a later version may have other fields.
        written.Optional("task")?.Text();
        var draft = new ManifestDraft(JsonObject.Create(document.RootElement)!, new HubFolder(folder));
        var task = ManifestCompletion.CompleteTask(draft, file);
        written.AllowOnly([.. ModelManifest.Fields, .. task.ManifestFields]);
        ManifestCompletion.Complete(draft, task);

        using var completed = JsonDocument.Parse(draft.Fields.ToJsonString());
        var manifest = new ManifestField(file, "", completed.RootElement);
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

    /// <summary>Reads <c>files</c>.</summary>
    /// <exception cref="ModelProblemException">A name or a field is wrong.</exception>
    public static List<ModelFile> ReadFiles(ManifestField field)
    {
        field.MustBeObject();
        List<ModelFile> files = [];
        foreach (var entry in field.Properties())
        {
            entry.MustBeObject();
            entry.AllowOnly("bytes", "sha256", "device");
            files.Add(new ModelFile(
                entry.FileName(entry.Path[(field.Path.Length + 1)..]), entry.Optional("bytes")?.Whole(1, long.MaxValue),
                entry.Optional("sha256") is { } sum ? ReadSum(sum) : null,
                entry.Optional("device")?.OneOf(ModelFile.AnyDevice, "cpu", "cuda") ?? ModelFile.AnyDevice));
        }

        return files;
    }

    private static string ReadSum(ManifestField field) =>
        field.Text() is { Length: Sha256Characters } sum && !sum.AsSpan().ContainsAnyExcept(HexDigits)
            ? sum : throw field.Refuse($"must be {Sha256Characters} lower-case hexadecimal digits");

    private static JsonDocument Parse(string path, string file)
    {
        try
        {
            return JsonFile.Read(path, file);
        }
        catch (ModelProblemException missing) when (missing.InnerException is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelProblemException(
                $"{file}: the file is missing. A model's folder needs a manifest of this name, which './ai model add' writes "
                + $"(docs/models.md); a folder that is no model belongs elsewhere.",
                missing);
        }
    }
}
