using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Loading;

public sealed class ModelFoldersTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    [Fact]
    public void Scan_BrokenBesideGood_BothAreThere()
    {
        Write("good", "good");
        Directory.CreateDirectory(Path.Combine(_root.Path, "empty"));

        var found = ModelFolders.Scan(new ModelOptions { Path = _root.Path });

        Assert.Equal(["empty", "good"], found.Select(one => one.Name));
        Assert.StartsWith(
            "empty/model.json: the file is missing. A model's folder needs a manifest", found[0].Problem, StringComparison.Ordinal);
        Assert.NotNull(found[1].Manifest);
    }

    [Fact]
    public void Scan_TwoOfOneName_RefusesBothAndNamesTheFolders()
    {
        Write("one", "same");
        Write("two", "same");
        Write("three", "other");

        var found = ModelFolders.Scan(new ModelOptions { Path = _root.Path });

        Assert.Equal(2, found.Count(one => one.Problem is { } problem && problem.Contains("one and two", StringComparison.Ordinal)));
        Assert.Equal("other", Assert.Single(found, one => one.Manifest is not null).Name);
    }

    [Fact]
    public void Scan_LoadNamesSome_OthersAreLeftOutAndMissingOnesAreProblems()
    {
        Write("one", "first");
        Write("two", "second");

        var found = ModelFolders.Scan(new ModelOptions { Path = _root.Path, Load = ["second", "third"] });

        Assert.Equal(["second", "third"], found.Select(one => one.Name));
        Assert.Contains("There are: first, second", found[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Scan_NoFolder_SaysWhereItLooked()
    {
        var missing = Path.Combine(_root.Path, "nowhere");

        var found = Assert.Single(ModelFolders.Scan(new ModelOptions { Path = missing }));

        Assert.Contains(missing, found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_FilesAsListed_Passes() => ModelFileCheck.Verify(ManifestReader.Read(Write("good", "good")));

    [Fact]
    public void Verify_FileMissing_NamesIt()
    {
        var folder = Write("broken", "broken");
        File.Delete(Path.Combine(folder, "tokenizer.json"));

        AssertRefused(folder, "broken/tokenizer.json: the file is missing");
    }

    [Fact]
    public void Verify_FileCutShort_SaysBothLengths()
    {
        var folder = Write("broken", "broken");
        File.WriteAllText(Path.Combine(folder, "model.onnx"), "stand");

        AssertRefused(folder, "broken/model.onnx: the file has 5 bytes; 'bytes' in model.json says 22");
    }

    [Fact]
    public void Verify_OtherContentOfSameLength_SaysBothHashes()
    {
        var folder = Write("broken", "broken");
        File.WriteAllText(Path.Combine(folder, "model.onnx"), "Stand-in of model.onnx");

        AssertRefused(folder, "broken/model.onnx: the file's SHA-256 is");
    }

    public void Dispose() => _root.Dispose();

    private static void AssertRefused(string folder, string reason)
    {
        var problem = Assert.Throws<ModelProblemException>(() => ModelFileCheck.Verify(ManifestReader.Read(folder)));

        Assert.StartsWith(reason, problem.Message, StringComparison.Ordinal);
    }

    private string Write(string folder, string name)
    {
        var manifest = Manifests.Json();
        manifest["name"] = name;
        return Manifests.Write(_root.Path, folder, manifest);
    }
}
