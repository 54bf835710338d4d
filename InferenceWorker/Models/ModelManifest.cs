using AiPlatform.InferenceWorker.Files;
using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>
/// The fields of <c>models/FOLDER/model.json</c> that every model has; its task adds further fields (see <see cref="IWorkerTask"/>). Only
/// <c>name</c> and <c>files</c> must be written where other files tell the rest (<see cref="ManifestDraft"/>). Unknown fields are refused.
/// </summary>
internal abstract record ModelManifest
{
    public const string FileName = "model.json";
    public const string OnnxRuntime = "onnxruntime";

    /// <summary>Reads the fields of this class.</summary>
    /// <exception cref="ModelProblemException">One is missing or out of range.</exception>
    protected ModelManifest(ManifestContent content)
    {
        Folder = content.Folder;
        Name = ReadName(content.Required("name"));
        Task = content.Required("task").Text();
        Description = content.Required("description").Text();
        Licence = content.Required("licence").Text();
        Source = content.Required("source").Text();
        Created = content.Required("created").Day();
        Files = content.Files;
    }

    /// <summary>The names of this class' fields, and of <c>runtime</c>.</summary>
    public static IReadOnlyList<string> Fields { get; } =
        ["name", "task", "description", "runtime", "licence", "source", "created", "files"];

    /// <summary>Full path of the model's folder.</summary>
    public string Folder { get; init; }

    /// <summary><c>name</c>: the name that requests use, 1 to 128 characters.</summary>
    public string Name { get; init; }

    /// <summary><c>task</c>: its task, such as <c>embedding</c>.</summary>
    public string Task { get; init; }

    /// <summary><c>description</c>: one line for people.</summary>
    public string Description { get; init; }

    /// <summary><c>licence</c>: an SPDX expression.</summary>
    public string Licence { get; init; }

    /// <summary><c>source</c>: where it comes from, <c>OWNER/…</c>.</summary>
    public string Source { get; init; }

    /// <summary><c>created</c>: the day it was published, <c>yyyy-MM-dd</c>.</summary>
    public DateOnly Created { get; init; }

    /// <summary>
    /// <c>files</c>: every file that is loaded, by name: <c>{"bytes": 1, "sha256": "…", "device": "any|cpu|cuda"}</c>. Each of the three
    /// may be missing.
    /// </summary>
    public IReadOnlyList<ModelFile> Files { get; init; }

    public string PathOf(ModelFile file) => Path.Combine(Folder, file.Name);

    private static string ReadName(ManifestField field)
    {
        var name = field.Text();
        if (name.Length > QueueName.MaxModelLength) throw field.Refuse($"has {name.Length} characters; at most {QueueName.MaxModelLength}");
        return name.Any(char.IsControl) || name != name.Trim()
            ? throw field.Refuse("must not have control characters or outer blanks")
            : name;
    }
}

/// <summary>A file that belongs to a model.</summary>
/// <param name="Name">Its name inside the model's folder.</param>
/// <param name="Bytes">Its length; null where the manifest does not say it.</param>
/// <param name="Sha256">SHA-256 of its bytes, lower-case hexadecimal; null where the manifest does not say it.</param>
/// <param name="Device">The device that uses it: <c>any</c>, <c>cpu</c> or <c>cuda</c>.</param>
internal sealed record ModelFile(string Name, long? Bytes, string? Sha256, string Device)
{
    public const string AnyDevice = "any";
}
