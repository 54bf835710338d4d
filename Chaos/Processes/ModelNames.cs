using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.Chaos.Processes;

/// <summary>A folder with the shipped embedding model under one or more names: as many models, and queues, as there are names.</summary>
internal sealed class ModelNames : IDisposable
{
    /// <summary>The shipped model's own name.</summary>
    public const string Shipped = "all-minilm-l6-v2";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ai-models-");

    /// <param name="names">The names.</param>
    public ModelNames(IReadOnlyList<string> names)
    {
        var shipped = new DirectoryInfo(Path.Combine(Checkout.Models, Shipped));
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

    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
