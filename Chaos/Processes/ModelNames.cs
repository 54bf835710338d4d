using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.Chaos.Processes;

/// <summary>A folder of models in which the shipped model has other names, too: as many models, and queues, as there are names.</summary>
internal sealed class ModelNames : IDisposable
{
    private readonly DirectoryInfo? _folder;

    /// <param name="names">The names; the shipped model's own alone needs no folder.</param>
    public ModelNames(IReadOnlyList<string> names)
    {
        var shipped = new DirectoryInfo(Checkout.Models).GetDirectories().Single();
        if (names is [var only] && only == shipped.Name) return;

        _folder = Directory.CreateTempSubdirectory("ai-models-");
        foreach (var name in names)
        {
            var model = _folder.CreateSubdirectory(name);
            foreach (var file in shipped.GetFiles().Where(file => file.Name != ModelManifest.FileName))
                File.CreateSymbolicLink(Path.Combine(model.FullName, file.Name), file.FullName);
            var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(shipped.FullName, ModelManifest.FileName)))!;
            manifest["name"] = name;
            File.WriteAllText(Path.Combine(model.FullName, ModelManifest.FileName), manifest.ToJsonString());
        }
    }

    public string Folder => _folder?.FullName ?? Checkout.Models;

    public void Dispose() => _folder?.Delete(recursive: true);
}
