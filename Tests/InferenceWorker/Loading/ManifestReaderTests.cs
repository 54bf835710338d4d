using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Loading;

public sealed class ManifestReaderTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public static TheoryData<string> RequiredFields =>
    [
        "name", "task", "description", "runtime", "model", "tokenizer", "pooling", "normalize", "dimensions", "max_tokens",
        "max_batch_rows", "max_batch_tokens", "licence", "source", "created", "files",
    ];

    [Fact]
    public void Read_ShippedManifest_GivesItsLimits()
    {
        var manifest = Assert.IsType<EmbeddingManifest>(ManifestReader.Read(Manifests.ShippedFolder));

        Assert.Equal("all-minilm-l6-v2", manifest.Name);
        Assert.Equal((384, 256, 32, 8192), (manifest.Dimensions, manifest.MaxTokens, manifest.MaxBatchRows, manifest.MaxBatchTokens));
        Assert.Equal(PoolingKind.Mean, manifest.Pooling);
    }

    /// <summary>Nothing else tells these.</summary>
    [Theory]
    [InlineData("name")]
    [InlineData("task")]
    [InlineData("dimensions")]
    [InlineData("max_tokens")]
    [InlineData("files")]
    public void Read_FieldMissing_NamesFolderFileAndField(string field)
    {
        var manifest = Manifests.Json();
        manifest.Remove(field);

        AssertRefused(manifest, $"'{field}' is missing");
    }

    /// <summary>These are taken from the other files, or are the usual ones.</summary>
    [Theory]
    [InlineData("task", "embedding")]
    [InlineData("runtime", "onnxruntime")]
    [InlineData("description", "Embeddings, 384 dimensions")]
    [InlineData("model", "model.onnx")]
    [InlineData("tokenizer", "tokenizer.json")]
    [InlineData("pooling", "Mean")]
    [InlineData("normalize", "True")]
    [InlineData("dimensions", "384")]
    [InlineData("max_tokens", "512")]
    [InlineData("max_batch_rows", "32")]
    [InlineData("max_batch_tokens", "8192")]
    [InlineData("licence", "NOASSERTION")]
    [InlineData("source", "local/small")]
    public void Read_FieldMissing_IsTakenFromTheOtherFiles(string field, string value)
    {
        var manifest = Manifests.Json();
        manifest.Remove(field);
        var folder = Manifests.Write(_root.Path, "small", manifest);
        File.Copy(Path.Combine(Manifests.ShippedFolder, "config.json"), Path.Combine(folder, "config.json"));

        var read = Assert.IsType<EmbeddingManifest>(ManifestReader.Read(folder));

        object found = field switch
        {
            "task" => read.Task,
            "runtime" => "onnxruntime",
            "description" => read.Description,
            "model" => read.Model.Name,
            "tokenizer" => read.Tokenizer.Name,
            "pooling" => read.Pooling,
            "normalize" => read.Normalize,
            "dimensions" => read.Dimensions,
            "max_tokens" => read.MaxTokens,
            "max_batch_rows" => read.MaxBatchRows,
            "max_batch_tokens" => read.MaxBatchTokens,
            "licence" => read.Licence,
            _ => read.Source,
        };
        Assert.Equal(value, $"{found}");
    }

    [Fact]
    public void Read_NameAndFilesOnly_IsEnough()
    {
        var folder = Manifests.Write(_root.Path, "small", Manifests.Json());
        File.Copy(Path.Combine(Manifests.ShippedFolder, "config.json"), Path.Combine(folder, "config.json"));
        File.WriteAllText(Path.Combine(folder, "model.json"), """{"name":"small","files":{"model.onnx":{},"tokenizer.json":{}}}""");

        var read = Assert.IsType<EmbeddingManifest>(ManifestReader.Read(folder));

        Assert.Equal((384, 512, PoolingKind.Mean), (read.Dimensions, read.MaxTokens, read.Pooling));
        Assert.Equal([null, null], read.Files.Select(file => file.Sha256));
        Assert.Equal(DateOnly.FromDateTime(File.GetLastWriteTimeUtc(Path.Combine(folder, "tokenizer.json"))), read.Created);
    }

    /// <summary>A manifest that has all fields does not depend on the files beside it.</summary>
    [Fact]
    public void Read_WholeManifestBesideABrokenConfig_IsRead()
    {
        var folder = Manifests.Write(_root.Path, "whole", Manifests.Json());
        File.WriteAllText(Path.Combine(folder, "config.json"), "{");

        Assert.Equal(384, Assert.IsType<EmbeddingManifest>(ManifestReader.Read(folder)).Dimensions);
    }

    [Theory]
    [MemberData(nameof(RequiredFields))]
    public void Read_FieldOfWrongType_NamesFolderFileAndField(string field)
    {
        var manifest = Manifests.Json();
        manifest[field] = new JsonArray();

        AssertRefused(manifest, $"'{field}' must be");
    }

    [Theory]
    [InlineData("revision", "1", "'revision' is not known")]
    [InlineData("task", "speech", "task 'speech' is not supported by this version")]
    [InlineData("runtime", "torch", "'runtime' is 'torch', which this version does not support")]
    [InlineData("pooling", "max", "'pooling' is 'max', which this version does not support")]
    [InlineData("model", "../../etc/passwd", "'model' names '../../etc/passwd': it must be a plain file name")]
    [InlineData("model", "other.onnx", "'model' is 'other.onnx', which 'files' does not list")]
    [InlineData("tokenizer", "/etc/passwd", "'tokenizer' names '/etc/passwd': it must be a plain file name")]
    [InlineData("name", " ", "'name' must not be empty")]
    [InlineData("name", "a\nb", "'name' must not have control characters")]
    [InlineData("created", "yesterday", "'created' must be a day written yyyy-MM-dd")]
    public void Read_TextRefused_SaysWhy(string field, string value, string reason)
    {
        var manifest = Manifests.Json();
        manifest[field] = value;

        AssertRefused(manifest, reason);
    }

    [Theory]
    [InlineData("dimensions", 0L, "'dimensions' is 0; it must be 1 to 65536")]
    [InlineData("max_tokens", 1_000_000L, "'max_tokens' is 1000000; it must be 1 to 131072")]
    [InlineData("max_batch_rows", -1L, "'max_batch_rows' is -1; it must be 1 to 4096")]
    [InlineData("max_batch_tokens", 255L, "'max_batch_tokens' is 255; it must be 256 to 4194304")]
    public void Read_NumberOutOfRange_SaysBoth(string field, long value, string reason)
    {
        var manifest = Manifests.Json();
        manifest[field] = value;

        AssertRefused(manifest, reason);
    }

    /// <summary>The states of a run are one array, whose length is a 32-bit number.</summary>
    [Fact]
    public void Read_BatchOfTooManyNumbers_IsRefused()
    {
        var manifest = Manifests.Json();
        manifest["dimensions"] = 65_536;
        manifest["max_batch_tokens"] = 65_536;

        AssertRefused(manifest, "'max_batch_tokens' is 65536; with vectors of 65536 dimensions a run can have at most 32767 tokens");
    }

    [Theory]
    [InlineData("bytes", "many", "'files.model.onnx.bytes' must be a whole number")]
    [InlineData("sha256", "abc", "'files.model.onnx.sha256' must be 64 lower-case hexadecimal digits")]
    [InlineData("device", "tpu", "'files.model.onnx.device' is 'tpu', which this version does not support")]
    [InlineData("url", "x", "'files.model.onnx.url' is not known")]
    public void Read_FileEntryRefused_NamesIt(string field, string value, string reason)
    {
        var manifest = Manifests.Json();
        manifest["files"]!["model.onnx"]![field] = value;

        AssertRefused(manifest, reason, standIns: false);
    }

    [Fact]
    public void Read_FileOutsideFolder_IsRefused()
    {
        var manifest = Manifests.Json();
        manifest["files"]!["../secret"] = manifest["files"]!["model.onnx"]!.DeepClone();

        AssertRefused(manifest, "names '../secret': it must be a plain file name");
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{\"name\":\"x\"", "not valid JSON")]
    [InlineData("{\"name\":\"x\",\"name\":\"y\"}", "not valid JSON")]
    [InlineData("[]", "the content must be a JSON object")]
    [InlineData("""{"name":"cut \ud83d"}""", "has text that is not valid Unicode")]
    [InlineData("""{"cut \ud83d":1}""", "has text that is not valid Unicode")]
    public void Read_NoManifestObject_SaysSo(string content, string reason)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root.Path, "broken")).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), content);

        var problem = Assert.Throws<ModelProblemException>(() => ManifestReader.Read(folder));

        Assert.Contains($"broken/model.json: {reason}", problem.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _root.Dispose();

    private void AssertRefused(JsonObject manifest, string reason, bool standIns = true)
    {
        var folder = standIns ? Manifests.Write(_root.Path, "broken", manifest) : Directory.CreateDirectory(Path.Combine(_root.Path, "broken")).FullName;
        if (!standIns) File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());

        var problem = Assert.Throws<ModelProblemException>(() => ManifestReader.Read(folder));

        Assert.StartsWith("broken/model.json: ", problem.Message, StringComparison.Ordinal);
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }
}
