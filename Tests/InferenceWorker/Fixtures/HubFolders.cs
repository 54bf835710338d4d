using System.Text.Json.Nodes;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Folders as Hugging Face has them, without a manifest.</summary>
internal static class HubFolders
{
    /// <summary>A classifier of known scores with three labels.</summary>
    public static string Classifier(string parent, string name = "sorter")
    {
        using var tiny = new TinyClassifier();
        var folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
        foreach (var file in (string[])["model.onnx", "tokenizer.json"])
            File.Copy(Path.Combine(tiny.Folder, file), Path.Combine(folder, file));
        Write(folder, "config.json", new JsonObject
        {
            ["architectures"] = new JsonArray("BertForSequenceClassification"),
            ["id2label"] = new JsonObject { ["0"] = "ja", ["1"] = "nein", ["2"] = "vielleicht" },
            ["max_position_embeddings"] = TinyClassifier.MaxTokens,
        });
        return folder;
    }

    /// <summary>The shipped embedding model as sentence-transformers publishes it.</summary>
    public static string Embeddings(string parent, string name = "MiniLM")
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "onnx"));
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.Copy(Path.Combine(Manifests.ShippedFolder, "model.onnx"), Path.Combine(folder, "onnx", "model.onnx"));
        foreach (var file in (string[])["config.json", "tokenizer.json"])
            File.Copy(Path.Combine(Manifests.ShippedFolder, file), Path.Combine(folder, file));
        Write(folder, "sentence_bert_config.json", new JsonObject { ["max_seq_length"] = 256, ["do_lower_case"] = false });
        Write(folder, "tokenizer_config.json", new JsonObject { ["model_max_length"] = 1e30 });
        Write(folder, "1_Pooling/config.json", new JsonObject
        {
            ["word_embedding_dimension"] = 384,
            ["pooling_mode_cls_token"] = false,
            ["pooling_mode_mean_tokens"] = true,
        });
        Write(folder, "modules.json", new JsonArray(Module("Transformer"), Module("Pooling"), Module("Normalize")));
        File.WriteAllText(Path.Combine(folder, "README.md"), "---\nlanguage: en\nlicense: apache-2.0\n---\n# MiniLM\n");
        return folder;
    }

    public static void Write(string folder, string file, JsonNode content) =>
        File.WriteAllText(Path.Combine(folder, file), content.ToJsonString());

    /// <summary>Changes the settings of a model.</summary>
    public static void Configure(string folder, Action<JsonObject> change)
    {
        var path = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
    }

    public static JsonObject Module(string name) => new() { ["type"] = $"sentence_transformers.models.{name}" };
}
