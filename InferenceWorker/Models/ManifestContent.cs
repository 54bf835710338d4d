using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>A manifest that is being read.</summary>
/// <param name="Folder">Full path of the model's folder.</param>
/// <param name="Root">The whole manifest.</param>
/// <param name="Files">The files that it lists.</param>
internal sealed record ManifestContent(string Folder, ManifestField Root, IReadOnlyList<ModelFile> Files)
{
    public ManifestField Required(string name) => Root.Required(name);

    /// <summary>The file that a field names.</summary>
    public ModelFile File(string name)
    {
        var field = Required(name);
        var file = field.FileName(field.Text());
        return Files.FirstOrDefault(one => one.Name == file) ?? throw field.Refuse($"is '{file}', which 'files' does not list");
    }
}
