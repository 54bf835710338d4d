using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Tasks.Classification;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Commands;

public sealed class ModelCommandTests : IDisposable
{
    private readonly ModelCommands _models = new();

    [Fact]
    public void Add_EmbeddingsFolderOfSentenceTransformers_DerivesWhatTheShippedManifestSays()
    {
        var (exitCode, output, errors) = _models.Run("add", HubFolders.Embeddings(_models.Sources));

        Assert.Equal(("", 0), (errors, exitCode));
        var manifest = Assert.IsType<EmbeddingManifest>(ManifestReader.Read(Path.Combine(_models.Models, "MiniLM")));
        var shipped = Manifests.Shipped;
        Assert.Equal(
            (shipped.Dimensions, shipped.Pooling, shipped.Normalize, shipped.MaxTokens, shipped.MaxBatchRows),
            (manifest.Dimensions, manifest.Pooling, manifest.Normalize, manifest.MaxTokens, manifest.MaxBatchRows));
        Assert.Equal(shipped.Files, manifest.Files);
        Assert.Equal(("MiniLM", "Apache-2.0"), (manifest.Name, manifest.Licence));
        Assert.Contains("dimensions               384 (1_Pooling/config.json)", output, StringComparison.Ordinal);
        Assert.Contains("max_tokens               256 (sentence_bert_config.json)", output, StringComparison.Ordinal);
        Assert.Contains("runs 256 tokens on cpu", output, StringComparison.Ordinal);
    }

    /// <summary>Its weights are in a file of their own, so links must lead ONNX Runtime to it, too.</summary>
    [Fact]
    public void Add_ChatFolderWithLinks_ServesIt()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_models.Sources, "smol")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Checkout.Models, "smollm2-135m-instruct")))
            if (Path.GetFileName(file) != "model.json") File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));

        var (exitCode, output, errors) = _models.Run("add", folder, "--link", "--name", "my/smol");

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Contains("text-generation (genai_config.json)", output, StringComparison.Ordinal);
        Assert.Contains("chats of 8192 tokens on cpu", output, StringComparison.Ordinal);
        var added = Path.Combine(_models.Models, "my-smol");
        var shipped = ManifestReader.Read(Path.Combine(Checkout.Models, "smollm2-135m-instruct"));
        // The graph for CUDA is named in a manifest only: no file of Hugging Face says which one it is.
        var known = shipped.Files.Where(file => file.Name != "model.cuda.onnx").Select(file => (file.Name, file.Bytes, file.Sha256));
        Assert.Equal(known.Order(), ManifestReader.Read(added).Files.Select(file => (file.Name, file.Bytes, file.Sha256)).Order());
        Assert.Equal(Path.Combine(folder, "model.onnx.data"), new FileInfo(Path.Combine(added, "model.onnx.data")).LinkTarget);
    }

    [Fact]
    public void Add_Classifier_ReadsItsLabels()
    {
        var (exitCode, output, errors) = _models.Run("add", HubFolders.Classifier(_models.Sources));

        Assert.Equal(("", 0), (errors, exitCode));
        var manifest = Assert.IsType<ClassificationManifest>(ManifestReader.Read(Path.Combine(_models.Models, "sorter")));
        Assert.Equal(TinyClassifier.Labels, manifest.Labels);
        Assert.Equal((false, TinyClassifier.MaxTokens), (manifest.IsMultiLabel, manifest.MaxTokens));
        Assert.Contains("labels                   3: ja, nein, vielleicht (config.json)", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_FieldsThatAreGiven_TakePrecedence()
    {
        var folder = HubFolders.Classifier(_models.Sources);
        File.Delete(Path.Combine(folder, "config.json"));

        var (exitCode, _, errors) = _models.Run(
            "add", folder, "--task", "text-classification", "--set", "labels=[\"a\",\"b\",\"c\"]", "--set", "max_tokens=32",
            "--set", "activation=sigmoid", "--set", "licence=MIT");

        Assert.Equal(("", 0), (errors, exitCode));
        var manifest = Assert.IsType<ClassificationManifest>(ManifestReader.Read(Path.Combine(_models.Models, "sorter")));
        Assert.Equal(["a", "b", "c"], manifest.Labels);
        Assert.Equal((32, true, "MIT"), (manifest.MaxTokens, manifest.IsMultiLabel, manifest.Licence));
    }

    /// <summary>A copy of a folder of models: its manifest says more than the other files do.</summary>
    [Fact]
    public void Add_FolderWithAManifest_TakesItsFields()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_models.Sources, "copy")).FullName;
        foreach (var file in Directory.GetFiles(Manifests.ShippedFolder)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));

        var (exitCode, output, errors) = _models.Run("add", folder, "--set", "max_batch_rows=7");

        Assert.Equal(("", 0), (errors, exitCode));
        var manifest = Assert.IsType<EmbeddingManifest>(ManifestReader.Read(Path.Combine(_models.Models, "all-minilm-l6-v2")));
        var shipped = Manifests.Shipped;
        Assert.Equal(
            (shipped.Name, shipped.Description, shipped.Licence, shipped.Source, shipped.Created, shipped.MaxTokens, 7),
            (manifest.Name, manifest.Description, manifest.Licence, manifest.Source, manifest.Created, manifest.MaxTokens,
                manifest.MaxBatchRows));
        Assert.Equal(shipped.Files, manifest.Files);
        Assert.Contains("name                     all-minilm-l6-v2 (model.json)", output, StringComparison.Ordinal);
        Assert.Contains("max_tokens               256 (model.json)", output, StringComparison.Ordinal);
        Assert.Contains("licence                  Apache-2.0 (model.json)", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_ManifestWithAFileForCuda_TakesItToo()
    {
        var folder = HubFolders.Classifier(_models.Sources);
        File.WriteAllText(Path.Combine(folder, "more.bin"), "more");
        HubFolders.Write(folder, "model.json", JsonNode.Parse(
            """{"name":"mine","files":{"model.onnx":{},"tokenizer.json":{},"more.bin":{"bytes":4,"device":"cuda"}}}""")!);

        var (exitCode, _, errors) = _models.Run("add", folder);

        Assert.Equal(("", 0), (errors, exitCode));
        var files = ManifestReader.Read(Path.Combine(_models.Models, "mine")).Files;
        Assert.Equal([("model.onnx", "any"), ("more.bin", "cuda"), ("tokenizer.json", "any")],
            files.Select(file => (file.Name, file.Device)).Order());
    }

    [Theory]
    [InlineData("""{"name":"mine","files":{"model.onnx":{"bytes":1}}}""", "'bytes' in model.json says 1")]
    [InlineData(
        """{"name":"mine","files":{"tokenizer.json":{"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}}}""",
        "'sha256' in model.json says")]
    [InlineData("""{"name":"mine","files":{"../x":{}}}""", "files.../x")]
    [InlineData("""{"name":"mine","files":{"none.bin":{}}}""", "none.bin")]
    [InlineData("""{"name":"mine","files":{"model.onnx":{"device":"tpu"}}}""", "device")]
    [InlineData("""{"name":"mine","files":1}""", "files")]
    [InlineData("""{"name":"mine","colour":"blue"}""", "the field 'colour' is not known")]
    [InlineData("""{"name":1}""", "name")]
    [InlineData("""["mine"]""", "must be a JSON object")]
    [InlineData("{", "not valid JSON")]
    public void Add_FolderWithAWrongManifest_SaysWhatIsWrongInIt(string manifest, string reason)
    {
        var folder = HubFolders.Classifier(_models.Sources);
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest);

        var (exitCode, _, errors) = _models.Run("add", folder);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("error: ", errors, StringComparison.Ordinal);
        Assert.Contains(reason, errors, StringComparison.Ordinal);
        Assert.Empty(_models.Folders);
    }

    [Fact]
    public void Add_NameIsTaken_IsRefusedUntilItReplaces()
    {
        var folder = HubFolders.Classifier(_models.Sources);
        _models.Run("add", folder);

        var (again, _, errors) = _models.Run("add", folder, "--set", "max_tokens=16");
        var (replaced, output, _) = _models.Run("add", folder, "--set", "max_tokens=16", "--replace");

        Assert.Equal((1, 0), (again, replaced));
        Assert.Contains("There is a model 'sorter' already", errors, StringComparison.Ordinal);
        Assert.Contains("replaced", output, StringComparison.Ordinal);
        Assert.Equal(["sorter"], _models.Folders);
        Assert.Equal(16, ((ClassificationManifest)ManifestReader.Read(Path.Combine(_models.Models, "sorter"))).MaxTokens);
    }

    [Fact]
    public void Add_BrokenSuccessor_LeavesTheModelAsItWas()
    {
        var folder = HubFolders.Classifier(_models.Sources);
        _models.Run("add", folder);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), [1, 2, 3]);

        var (exitCode, _, _) = _models.Run("add", folder, "--replace");
        var (check, output, _) = _models.Run("check", "sorter");

        Assert.Equal((1, 0), (exitCode, check));
        Assert.Contains("2 files match their SHA-256", output, StringComparison.Ordinal);
        Assert.Equal(["sorter"], _models.Folders);
    }

    [Fact]
    public void Remove_Model_TakesItsFilesAndLeavesTheOthers()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources, "one"));
        _models.Run("add", HubFolders.Classifier(_models.Sources, "two"));

        var (exitCode, _, _) = _models.Run("remove", "one");
        var (again, _, errors) = _models.Run("remove", "one");

        Assert.Equal((0, 1), (exitCode, again));
        Assert.Contains("There is no model 'one'", errors, StringComparison.Ordinal);
        Assert.Equal(["two"], _models.Folders);
    }

    [Fact]
    public void List_GoodAndBroken_SaysBoth()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));
        Directory.CreateDirectory(Path.Combine(_models.Models, "empty"));

        var (exitCode, output, _) = _models.Run("list");

        Assert.Equal(1, exitCode);
        Assert.Matches("(?m)^sorter +text-classification, [0-9.]+ MB, Classification, 3 labels\r?$", output);
        Assert.Matches("(?m)^empty +WRONG: empty/model.json: the file is missing", output);
    }

    /// <summary>A process that was killed between the two renames of a replacement has left the model beside its place.</summary>
    [Fact]
    public void Open_AfterAKilledReplacement_PutsTheModelBackAndTidiesUp()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));
        var (retired, staged) = (Path.Combine(_models.Models, ".retired-1"), Path.Combine(_models.Models, ".adding-1"));
        Directory.CreateDirectory(retired);
        Directory.Move(Path.Combine(_models.Models, "sorter"), Path.Combine(retired, "sorter"));
        Directory.CreateDirectory(Path.Combine(staged, "sorter"));
        File.Copy(Path.Combine(retired, "sorter", "model.json"), Path.Combine(staged, "sorter", "model.json"));

        _models.Run("remove", "other");

        Assert.Equal(["sorter"], _models.Folders);
        Assert.Equal(0, _models.Run("check", "sorter").ExitCode);
    }

    [Theory]
    [InlineData("'model' needs a command")]
    [InlineData("'model' has no command 'eat'", "eat")]
    [InlineData("'model add' needs the folder of a model", "add", "--link")]
    [InlineData("'model add' has no option '--fast'", "add", "x", "--fast")]
    [InlineData("--name needs a value", "add", "x", "--name")]
    [InlineData("--set takes FIELD=VALUE of a field other than files, not 'pooling'", "add", "x", "--set", "pooling")]
    [InlineData("--set takes FIELD=VALUE of a field other than files, not 'files={}'", "add", "x", "--set", "files={}")]
    [InlineData("'model add' takes one folder", "add", "x", "y")]
    [InlineData("'model remove' takes the name of one model", "remove")]
    [InlineData("'model list' takes no 'x'", "list", "x")]
    [InlineData("'model check' has no option '--all'", "check", "--all")]
    public void Run_WrongCommandLine_SaysWhatIsWrong(string reason, params string[] arguments)
    {
        var (exitCode, output, errors) = _models.Run(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(reason, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("add", "--help")]
    [InlineData("--help")]
    [InlineData("remove", "-h")]
    public void Run_Help_ShowsTheUsage(params string[] arguments)
    {
        var (exitCode, output, _) = _models.Run(arguments);

        Assert.Equal(0, exitCode);
        Assert.StartsWith("usage: ./ai model add FOLDER", output, StringComparison.Ordinal);
    }

    public void Dispose() => _models.Dispose();
}
