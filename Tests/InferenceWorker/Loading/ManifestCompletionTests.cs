using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Tasks.Classification;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Loading;

/// <summary>The fields that a manifest lacks, as the tables of docs/models.md take them from the files of Hugging Face.</summary>
public sealed class ManifestCompletionTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    [Theory]
    [InlineData(null, null, "bert", 64, 64)]
    [InlineData(null, 40, "bert", 64, 40)]
    [InlineData(30, 40, "bert", 64, 30)]
    [InlineData(90, 80, "bert", 64, 64)]
    [InlineData(null, null, "roberta", 514, 512)]
    [InlineData(512, null, "xlm-roberta", 514, 512)]
    public void MaxTokens_SeveralFilesSayIt_IsTheLeast(int? sentence, int? tokenizer, string type, int positions, int expected)
    {
        var folder = Classifier(config => (config["model_type"], config["max_position_embeddings"]) = (type, positions));
        if (sentence is not null) HubFolders.Write(folder, "sentence_bert_config.json", new JsonObject { ["max_seq_length"] = sentence });
        if (tokenizer is not null) HubFolders.Write(folder, "tokenizer_config.json", new JsonObject { ["model_max_length"] = tokenizer });

        Assert.Equal(expected, Read<ClassificationManifest>(folder).MaxTokens);
    }

    /// <summary>The message names the file that the user has, and what is in it.</summary>
    [Theory]
    [InlineData("1e30")]
    [InlineData("99999999999999999999")]
    [InlineData("-1")]
    [InlineData("\"many\"")]
    public void MaxTokens_NumberThatIsNone_NamesTheFile(string positions)
    {
        var folder = Classifier(config => config["max_position_embeddings"] = JsonNode.Parse(positions));

        var refused = Assert.Throws<ModelProblemException>(() => Read<ClassificationManifest>(folder));

        Assert.Contains("config.json: the field 'max_position_embeddings'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("max_tokens", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(512, 8_192)]
    [InlineData(10_000, 10_000)]
    public void MaxBatchTokens_LongInputs_HasRoomForOne(int positions, int expected) => Assert.Equal(
        expected, Read<ClassificationManifest>(Classifier(config => config["max_position_embeddings"] = positions)).MaxBatchTokens);

    [Theory]
    [InlineData(1, null, true)]
    [InlineData(3, null, false)]
    [InlineData(3, "multi_label_classification", true)]
    [InlineData(1, "single_label_classification", false)]
    public void Activation_LabelsAndProblemType_IsThatOfTransformers(int labels, string? problem, bool isMultiLabel)
    {
        var folder = Classifier(config =>
        {
            config["id2label"] = new JsonObject(Enumerable.Range(0, labels).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)$"label {i}")));
            config["problem_type"] = problem;
        });

        Assert.Equal(isMultiLabel, Read<ClassificationManifest>(folder).IsMultiLabel);
    }

    [Theory]
    [InlineData("Normalize", "mean", true)]
    [InlineData("Pooling", "cls", false)]
    public void Embedding_PartsOfSentenceTransformers_AreThose(string last, string pooling, bool normalizes)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root.Path, "embedder")).FullName;
        foreach (var file in (string[])["model.onnx", "tokenizer.json"]) File.WriteAllText(Path.Combine(folder, file), "stand-in");
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        HubFolders.Write(folder, "config.json", new JsonObject { ["hidden_size"] = 768, ["max_position_embeddings"] = 512 });
        HubFolders.Write(folder, "modules.json", new JsonArray(HubFolders.Module("Transformer"), HubFolders.Module(last)));
        HubFolders.Write(folder, "1_Pooling/config.json", new JsonObject
        {
            ["word_embedding_dimension"] = 384,
            ["pooling_mode_mean_tokens"] = pooling == "mean",
            ["pooling_mode_cls_token"] = pooling == "cls",
        });
        File.WriteAllText(Path.Combine(folder, "README.md"), "---\nlicense: mit\n---\n");

        var read = Read<EmbeddingManifest>(folder);

        Assert.Equal((normalizes, 384, "MIT"), (read.Normalize, read.Dimensions, read.Licence));
        Assert.Equal(pooling == "cls" ? PoolingKind.Cls : PoolingKind.Mean, read.Pooling);
    }

    [Fact]
    public void Created_NothingSaysIt_IsTheDayOfTheNewestFile()
    {
        var folder = Classifier(_ => { });
        File.SetLastWriteTimeUtc(Path.Combine(folder, "model.onnx"), new DateTime(2025, 3, 1, 12, 0, 0, DateTimeKind.Utc));
        File.SetLastWriteTimeUtc(Path.Combine(folder, "tokenizer.json"), new DateTime(2024, 3, 1, 12, 0, 0, DateTimeKind.Utc));

        Assert.Equal(new DateOnly(2025, 3, 1), Read<ClassificationManifest>(folder).Created);
    }

    [Theory]
    [InlineData(1_024, 256, true)]
    [InlineData(1_025, 10, false)]
    [InlineData(2, 257, false)]
    public void Labels_AtTheirBounds_AreTakenAndNotBeyond(int labels, int bytes, bool isTaken)
    {
        var folder = Classifier(_ => { });
        var names = new JsonArray([.. Enumerable.Range(0, labels).Select(i => JsonValue.Create($"{i:d4}".PadRight(bytes, 'x')))]);

        var problem = Record.Exception(() => Read<ClassificationManifest>(folder, ("labels", names)));

        Assert.Equal(isTaken, problem is null);
        if (!isTaken) Assert.Contains("'labels", Assert.IsType<ModelProblemException>(problem).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void Name_AtItsBound_IsTakenAndNotBeyond(int characters, bool isTaken)
    {
        var problem = Record.Exception(() => Read<ClassificationManifest>(Classifier(_ => { }), ("name", new string('n', characters))));

        Assert.Equal(isTaken, problem is null);
        if (!isTaken) Assert.Contains("'name' has 129 characters; at most 128", problem!.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _root.Dispose();

    private string Classifier(Action<JsonObject> change)
    {
        var folder = HubFolders.Classifier(_root.Path);
        HubFolders.Configure(folder, change);
        return folder;
    }

    /// <summary>Reads a manifest that has a name and the files only, and the given fields.</summary>
    private static T Read<T>(string folder, params (string Name, JsonNode Value)[] fields)
    {
        var manifest = new JsonObject
        {
            ["name"] = "sorter",
            ["files"] = new JsonObject { ["model.onnx"] = new JsonObject(), ["tokenizer.json"] = new JsonObject() },
        };
        foreach (var (name, value) in fields) manifest[name] = value;
        HubFolders.Write(folder, "model.json", manifest);
        return Assert.IsType<T>(ManifestReader.Read(folder), exactMatch: false);
    }
}
