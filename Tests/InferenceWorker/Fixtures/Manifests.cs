using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Tasks.Embeddings;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Manifests for tests: the shipped one, and folders of models with chosen faults.</summary>
internal static class Manifests
{
    public static string ShippedFolder { get; } = Path.Combine(Checkout.Models, "all-minilm-l6-v2");

    public static EmbeddingManifest Shipped { get; } = (EmbeddingManifest)ManifestReader.Read(ShippedFolder);

    /// <summary>The shipped manifest as JSON, to be changed.</summary>
    public static JsonObject Json() => JsonNode.Parse(File.ReadAllText(Path.Combine(ShippedFolder, "model.json")))!.AsObject();

    /// <summary>A manifest of a model that only a fake session runs, with vectors of four numbers.</summary>
    public static EmbeddingManifest Fake(bool normalize = false, PoolingKind pooling = PoolingKind.Mean) =>
        Shipped with { Name = "fake", Dimensions = 4, Normalize = normalize, Pooling = pooling, MaxTokens = 64, MaxBatchTokens = 512 };

    /// <summary>Writes a model folder with small stand-ins for its files, and the right lengths and hashes in the manifest.</summary>
    public static string Write(string root, string folder, JsonObject manifest)
    {
        var path = Directory.CreateDirectory(Path.Combine(root, folder)).FullName;
        if (manifest["files"] is JsonObject files)
        {
            foreach (var (name, entry) in files.Where(one => one.Value is JsonObject && !one.Key.Contains('/')))
            {
                var content = System.Text.Encoding.UTF8.GetBytes($"stand-in of {name}");
                File.WriteAllBytes(Path.Combine(path, name), content);
                entry!["bytes"] = content.Length;
                entry["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content));
            }
        }

        File.WriteAllText(Path.Combine(path, "model.json"), manifest.ToJsonString());
        return path;
    }
}
