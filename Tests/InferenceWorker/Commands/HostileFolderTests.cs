using System.Text.Json.Nodes;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Commands;

/// <summary>Folders that come from anywhere: each is refused with a reason, and leaves nothing.</summary>
public sealed class HostileFolderTests : IDisposable
{
    private readonly ModelCommands _models = new();

    [Fact]
    public void Add_NoFolder_IsRefused() => AssertRefused(Path.Combine(_models.Sources, "nowhere"), "is no folder");

    [Theory]
    [InlineData("LlamaForCausalLM", "which writes texts; it can be served with a genai_config.json")]
    [InlineData("T5ForConditionalGeneration", "which has an encoder beside its decoder")]
    [InlineData("BertForTokenClassification", "which labels single tokens")]
    [InlineData("ViTForImageClassification", "which takes images")]
    [InlineData("Something", "which this version does not know")]
    public void Add_OtherKindOfModel_NamesItAndSaysWhy(string architecture, string reason) => AssertRefused(
        folder => HubFolders.Configure(folder, config => config["architectures"] = new JsonArray(architecture)),
        $"sorter/config.json: the field 'architectures[0]' is '{architecture}', {reason}");

    [Fact]
    public void Add_NothingSaysTheTask_AsksForIt() =>
        AssertRefused(folder => File.Delete(Path.Combine(folder, "config.json")), "give --task, one of embedding, text-generation, text-classification");

    [Theory]
    [InlineData("tokenizer.json", "tokenizer.json is missing")]
    [InlineData("model.onnx", "there is no ONNX file")]
    public void Add_FileMissing_NamesIt(string file, string reason) =>
        AssertRefused(folder => File.Delete(Path.Combine(folder, file)), reason);

    [Fact]
    public void Add_TwoOnnxFiles_AsksWhich() => AssertRefused(
        folder =>
        {
            File.Copy(Path.Combine(folder, "model.onnx"), Path.Combine(folder, "small.onnx"));
            File.Move(Path.Combine(folder, "model.onnx"), Path.Combine(folder, "large.onnx"));
        },
        "several ONNX files; choose with --onnx: large.onnx, small.onnx");

    [Fact]
    public void Add_TwoOnnxFilesAndOneNamed_TakesIt()
    {
        var folder = HubFolders.Classifier(_models.Sources);
        File.Copy(Path.Combine(folder, "model.onnx"), Path.Combine(folder, "small.onnx"));

        var (exitCode, output, _) = _models.Run("add", folder, "--onnx", "small.onnx");

        Assert.Equal(0, exitCode);
        Assert.Contains("small.onnx, 2 files", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../sorter/model.onnx")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    public void Add_OnnxElsewhere_IsRefused(string onnx)
    {
        var (exitCode, _, errors) = _models.Run("add", HubFolders.Classifier(_models.Sources), "--onnx", onnx);

        Assert.Equal(1, exitCode);
        Assert.Contains("is no ONNX file there", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_LinkOutOfTheFolder_IsRefused()
    {
        var secret = Path.Combine(_models.Sources, "secret");
        File.WriteAllText(secret, "secret");

        AssertRefused(folder => Relink(Path.Combine(folder, "tokenizer.json"), secret), "sorter/tokenizer.json: it is a link that leads out");
    }

    /// <summary>The link itself stays inside, but the folder on its way does not.</summary>
    [Fact]
    public void Add_LinkThroughALinkedFolder_IsRefused()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_models.Sources, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "tokenizer.json"), "{}");

        AssertRefused(
            folder =>
            {
                Directory.CreateDirectory(Path.Combine(folder, "deep"));
                Directory.CreateSymbolicLink(Path.Combine(folder, "deep", "there"), outside);
                Relink(Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "deep", "there", "tokenizer.json"));
            },
            "sorter/tokenizer.json: it is a link that leads out");
    }

    [Fact]
    public void Add_LinkToItself_IsRefused() => AssertRefused(
        folder => Relink(Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "tokenizer.json")), "cannot be read");

    [Fact]
    public void Add_CacheOfHuggingFace_FollowsItsLinksAndKnowsTheName()
    {
        var cache = Path.Combine(_models.Sources, "models--my-org--Sorter");
        var blobs = Directory.CreateDirectory(Path.Combine(cache, "blobs")).FullName;
        var snapshot = HubFolders.Classifier(Path.Combine(cache, "snapshots"), "0a1b2c");
        foreach (var file in Directory.GetFiles(snapshot))
        {
            var blob = Path.Combine(blobs, Path.GetFileName(file) + "-blob");
            File.Move(file, blob);
            File.CreateSymbolicLink(file, Path.Combine("..", "..", "blobs", Path.GetFileName(blob)));
        }

        var (exitCode, output, errors) = _models.Run("add", snapshot);

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Contains("my-org/Sorter", output, StringComparison.Ordinal);
        Assert.Null(new FileInfo(Path.Combine(_models.Models, "Sorter", "model.onnx")).LinkTarget);
    }

    [Fact]
    public void Add_HugeJson_IsRefusedUnread() => AssertRefused(
        folder =>
        {
            using var file = File.OpenWrite(Path.Combine(folder, "config.json"));
            file.SetLength(1L << 40);
        },
        "sorter/config.json: the file has more than 16777216 bytes");

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    public void Add_DeepJson_IsRefused(string file) => AssertRefused(
        folder => File.WriteAllText(Path.Combine(folder, file), new string('[', 100_000) + new string(']', 100_000)), "not valid JSON");

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"architectures\":5}")]
    [InlineData("{\"architectures\":[]}")]
    [InlineData("{\"architectures\":[null]}")]
    [InlineData("{\"architectures\":[\"\\ud83d\"]}")]
    [InlineData("{\"architectures\":[\"XForSequenceClassification\"],\"id2label\":{\"1\":\"a\"}}")]
    [InlineData("{\"architectures\":[\"XForSequenceClassification\"],\"id2label\":{\"x\":\"a\"}}")]
    [InlineData("{\"architectures\":[\"XForSequenceClassification\"],\"id2label\":[]}")]
    [InlineData("{\"architectures\":[\"XForSequenceClassification\"],\"problem_type\":\"regression\",\"id2label\":{\"0\":\"a\"}}")]
    [InlineData("{\"architectures\":[\"XForSequenceClassification\"],\"model_type\":7,\"id2label\":{\"0\":\"a\"}}")]
    public void Add_SettingsOfWrongForm_AreRefused(string config) =>
        AssertRefused(folder => File.WriteAllText(Path.Combine(folder, "config.json"), config), "sorter");

    /// <summary>The file gives as many numbers as there are labels, so nothing else would notice.</summary>
    [Fact]
    public void Add_NumberOfALabelMissing_IsRefused() => AssertRefused(
        folder => HubFolders.Configure(
            folder, config => config["id2label"] = new JsonObject { ["0"] = "a", ["1"] = "b", ["3"] = "c" }),
        "must name every number from 0 on");

    [Theory]
    [InlineData("pooling_mode_max_tokens", "pools with max_tokens; mean_tokens or cls_token")]
    [InlineData("pooling_mode_mean_sqrt_len_tokens", "pools with mean_sqrt_len_tokens")]
    public void Add_PoolingThatCannotBeServed_NamesIt(string mode, string reason) => AssertRefused(
        folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
            HubFolders.Write(folder, "1_Pooling/config.json", new JsonObject { [mode] = true, ["word_embedding_dimension"] = 3 });
            HubFolders.Configure(folder, config => config["architectures"] = new JsonArray("BertModel"));
        },
        reason);

    [Fact]
    public void Add_PartBehindThePooling_NamesIt() => AssertRefused(
        folder =>
        {
            HubFolders.Write(folder, "modules.json", new JsonArray(HubFolders.Module("Transformer"), HubFolders.Module("Dense")));
            HubFolders.Configure(folder, config => config["architectures"] = new JsonArray("BertModel"));
        },
        "is 'sentence_transformers.models.Dense', a part that cannot be served");

    /// <summary>The file says that it gives three numbers for a row, and gives six.</summary>
    [Fact]
    public void Add_OnnxThatLiesAboutItsShape_IsRefused() => AssertRefused(
        folder => File.WriteAllBytes(Path.Combine(folder, "model.onnx"), OnnxWriter.Model(graph =>
        {
            graph.Node("Cast", ["input_ids"], "numbers", ("to", 1));
            graph.Node("Cast", ["attention_mask"], "mask", ("to", 1));
            graph.Node("Mul", ["numbers", "mask"], "logits");
            graph.Name("liar");
            graph.TokensInput("input_ids");
            graph.TokensInput("attention_mask");
            graph.FloatOutput("logits", "rows", "3");
        })),
        "sorter/model.onnx: ");

    [Fact]
    public void Add_OtherLabelsThanTheFile_SaysBoth() => AssertRefused(
        folder => HubFolders.Configure(folder, config => config["id2label"] = new JsonObject { ["0"] = "a", ["1"] = "b" }),
        "sorter/model.onnx: it gives 3 numbers for a row; 'labels' in model.json names 2");

    [Theory]
    [InlineData("weights.bin", "its weights are in 'weights.bin', which is missing")]
    [InlineData("../secret", "its weights are in '../secret', which is no plain file name")]
    [InlineData("/etc/passwd", "its weights are in '/etc/passwd', which is no plain file name")]
    [InlineData("..", "its weights are in '..', which is no plain file name")]
    public void Add_WeightsElsewhere_IsRefused(string place, string reason)
    {
        File.WriteAllText(Path.Combine(_models.Sources, "secret"), "secret");

        AssertRefused(
            folder => File.WriteAllBytes(Path.Combine(folder, "model.onnx"), OnnxWriter.Model(graph => graph.ExternalConstant("w", place))),
            reason);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    public void Add_NoOnnxFile_IsRefused(byte[] content) =>
        AssertRefused(folder => File.WriteAllBytes(Path.Combine(folder, "model.onnx"), content), "it is no ONNX file, or damaged");

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.json", "--link")]
    [InlineData("model.onnx")]
    [InlineData("model.json")]
    public async Task Add_PipeInPlaceOfAFile_IsRefusedAtOnce(string file, params string[] options)
    {
        var folder = HubFolders.Classifier(_models.Sources);
        File.Delete(Path.Combine(folder, file));
        using (var pipe = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(folder, file)]))
            await pipe.WaitForExitAsync(TestContext.Current.CancellationToken);

        var (exitCode, _, errors) = await Task.Run(() => _models.Run(["add", folder, .. options])).WaitAsync(
            TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(1, exitCode);
        Assert.Contains($"sorter/{file}: ", errors, StringComparison.Ordinal);
        Assert.Contains("it is empty, or no regular file", errors, StringComparison.Ordinal);
        Assert.Empty(_models.Folders);
    }

    [Theory]
    [InlineData("../escape", "-escape")]
    [InlineData("..", "model")]
    [InlineData(".hidden", "hidden")]
    [InlineData("a/b c", "a-b-c")]
    public void Add_NameThatIsNoFolder_GetsAPlainFolder(string name, string folder)
    {
        var (exitCode, _, errors) = _models.Run("add", HubFolders.Classifier(_models.Sources), "--name", name);

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Equal([folder.TrimStart('-')], _models.Folders);
    }

    /// <summary>The other commands would take it for an option.</summary>
    [Theory]
    [InlineData("--name", "--")]
    [InlineData("--name", "-x")]
    [InlineData("--set", "name=--help")]
    public void Add_NameThatLooksLikeAnOption_IsRefused(string option, string value)
    {
        var (exitCode, _, errors) = _models.Run("add", HubFolders.Classifier(_models.Sources), option, value);

        Assert.Equal(1, exitCode);
        Assert.Contains("may not begin with '-'", errors, StringComparison.Ordinal);
        Assert.Empty(_models.Folders);
    }

    [Theory]
    [InlineData("name", "a\nb")]
    [InlineData("task", "speech")]
    [InlineData("colour", "blue")]
    [InlineData("max_tokens", "many")]
    [InlineData("labels", "[1,2,3]")]
    public void Add_FieldOfWrongForm_IsRefused(string field, string value)
    {
        var (exitCode, _, errors) = _models.Run("add", HubFolders.Classifier(_models.Sources), "--set", $"{field}={value}");

        Assert.Equal(1, exitCode);
        Assert.Contains(field, errors, StringComparison.Ordinal);
        Assert.DoesNotContain(_models.Folders, one => one.StartsWith('.'));
    }

    public void Dispose() => _models.Dispose();

    private static void Relink(string path, string target)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    private void AssertRefused(Action<string> change, string reason)
    {
        var folder = HubFolders.Classifier(_models.Sources);
        change(folder);
        AssertRefused(folder, reason);
    }

    private void AssertRefused(string folder, string reason)
    {
        var (exitCode, _, errors) = _models.Run("add", folder);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("error: ", errors, StringComparison.Ordinal);
        Assert.Contains(reason, errors, StringComparison.Ordinal);
        Assert.Empty(_models.Folders);
    }
}
