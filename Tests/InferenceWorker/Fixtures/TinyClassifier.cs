using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Classification;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>
/// A cross-encoder whose scores are known in advance, written into a folder of models. Each token has a weight for each label, tokens of a
/// pair's second text have other weights, and a text's numbers are the sums over its tokens. The tokenizer is the shipped one.
/// </summary>
internal sealed class TinyClassifier : IDisposable
{
    public const string Name = "tiny-classifier";
    public const int MaxTokens = 64;

    private const int Vocabulary = 30_522;

    public static readonly string[] Labels = ["ja", "nein", "vielleicht"];

    private static readonly float[] SecondText = [-1, 0.5f, 2];

    private readonly TemporaryFolder _root = new();

    public TinyClassifier(Action<JsonObject>? change = null)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(_root.Path, "tiny")).FullName;
        var tokenizer = System.IO.Path.Combine(folder, "tokenizer.json");
        File.Copy(System.IO.Path.Combine(Manifests.ShippedFolder, "tokenizer.json"), tokenizer);
        File.WriteAllBytes(System.IO.Path.Combine(folder, "model.onnx"), Model());
        var manifest = JsonNode.Parse($$"""
            {
              "name": "{{Name}}", "task": "text-classification", "description": "Made by a test", "runtime": "onnxruntime", "model": "model.onnx",
              "tokenizer": "tokenizer.json", "labels": ["ja", "nein", "vielleicht"], "activation": "softmax", "max_tokens": {{MaxTokens}},
              "max_batch_rows": 8, "max_batch_tokens": 512, "licence": "MIT", "source": "tests/tiny", "created": "2026-11-28",
              "files": { "model.onnx": { "device": "any" }, "tokenizer.json": { "device": "any" } }
            }
            """)!.AsObject();
        foreach (var (name, entry) in manifest["files"]!.AsObject())
        {
            var content = File.ReadAllBytes(System.IO.Path.Combine(folder, name));
            entry!["bytes"] = content.Length;
            entry["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content));
        }

        change?.Invoke(manifest);
        File.WriteAllText(System.IO.Path.Combine(folder, ModelManifest.FileName), manifest.ToJsonString());
        Folder = folder;
    }

    /// <summary>The model's own folder.</summary>
    public string Folder { get; }

    /// <summary>The folder of models that it is in.</summary>
    public string Root => _root.Path;

    public ClassificationManifest Manifest => (ClassificationManifest)ManifestReader.Read(Folder);

    /// <summary>The scores of a row, in the order of the labels.</summary>
    public static float[] ScoresOf(int[] ids, int secondAt = 0)
    {
        var numbers = new double[Labels.Length];
        for (var position = 0; position < ids.Length; position++)
        {
            for (var label = 0; label < Labels.Length; label++)
                numbers[label] += WeightOf(ids[position], label) * (secondAt > 0 && position >= secondAt ? SecondText[label] : 1);
        }

        var sum = numbers.Sum(Math.Exp);
        return Array.ConvertAll(numbers, number => (float)(Math.Exp(number) / sum));
    }

    public void Dispose() => _root.Dispose();

    private static float WeightOf(int id, int label) => ((((id * 31L) + (label * 17)) % 19) - 9) / 20f;

    private static byte[] Model() => OnnxWriter.Model(graph =>
    {
        graph.Node("Gather", ["weights", "input_ids"], "words");
        graph.Node("Gather", ["types", "token_type_ids"], "kinds");
        graph.Node("Mul", ["words", "kinds"], "weighed");
        graph.Node("Cast", ["attention_mask"], "mask", ("to", 1));
        graph.Node("Unsqueeze", ["mask", "last"], "columns");
        graph.Node("Mul", ["weighed", "columns"], "masked");
        graph.Node("ReduceSum", ["masked", "tokens"], "logits", ("keepdims", 0));
        graph.Name("tiny");
        graph.Constant(
            "weights",
            [.. Enumerable.Range(0, Vocabulary * Labels.Length).Select(at => WeightOf(at / Labels.Length, at % Labels.Length))],
            Vocabulary, Labels.Length);
        graph.Constant("types", [1, 1, 1, .. SecondText], 2, Labels.Length);
        graph.Constant("last", [2]);
        graph.Constant("tokens", [1]);
        graph.TokensInput("input_ids");
        graph.TokensInput("attention_mask");
        graph.TokensInput("token_type_ids");
        graph.FloatOutput("logits", "rows", $"{Labels.Length}");
    });
}
