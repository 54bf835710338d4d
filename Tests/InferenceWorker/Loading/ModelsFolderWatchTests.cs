using AiPlatform.InferenceWorker.Loading;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Loading;

public sealed class ModelsFolderWatchTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly ModelsFolderWatch _sut;

    public ModelsFolderWatchTests()
    {
        Write("a", "model.json", "1");
        _sut = new ModelsFolderWatch(_root.Path);
        _sut.Handled(_sut.Begin());
    }

    [Fact]
    public void Look_NothingChanged_FindsNothing()
    {
        _sut.Look();

        AssertChanges(settled: [], unsettled: []);
    }

    [Fact]
    public void Look_FolderIsStillBeingCopied_WaitsUntilTwoLooksAgree()
    {
        Write("b", "model.json", "1");
        AssertChanges(settled: [], unsettled: ["b"]);
        Write("b", "model.onnx", "1");
        AssertChanges(settled: [], unsettled: ["b"]);

        AssertChanges(settled: ["b"], unsettled: []);
        _sut.Handled(["b"]);
        AssertChanges(settled: [], unsettled: []);
    }

    [Theory]
    [InlineData("model.json", "22")]
    [InlineData("new.json", "1")]
    [InlineData("1_Pooling/config.json", "{}")]
    public void Look_FileOfAFolderDiffers_FindsTheFolder(string file, string content)
    {
        Write("a", file, content);
        _sut.Look();

        AssertChanges(settled: ["a"], unsettled: []);
    }

    /// <summary>With links only the file that they lead to changes.</summary>
    [Fact]
    public void Look_FileBehindALinkDiffers_FindsTheFolder()
    {
        var real = Path.Combine(_root.Path, ".real");
        File.WriteAllText(real, "1");
        File.CreateSymbolicLink(Path.Combine(_root.Path, "a", "model.onnx"), real);
        _sut.Handled(_sut.Begin());

        File.WriteAllText(real, "22");
        _sut.Look();

        AssertChanges(settled: ["a"], unsettled: []);
    }

    [Fact]
    public void Look_FolderIsGoneForOneLook_FindsNothing()
    {
        var (place, aside) = (Path.Combine(_root.Path, "a"), Path.Combine(_root.Path, ".a"));
        Directory.Move(place, aside);
        AssertChanges(settled: [], unsettled: ["a"]);
        Directory.Move(aside, place);
        AssertChanges(settled: [], unsettled: ["a"]);

        AssertChanges(settled: [], unsettled: []);
    }

    [Fact]
    public void Look_FolderIsGone_FindsIt()
    {
        Directory.Delete(Path.Combine(_root.Path, "a"), recursive: true);
        _sut.Look();

        var changes = _sut.Look();

        Assert.Equal(["a"], changes.Gone);
        Assert.Equal(["a"], changes.Settled);
    }

    [Fact]
    public void Look_HiddenFolder_IsNoModel()
    {
        Write(".adding-1", "model.json", "1");
        _sut.Look();

        AssertChanges(settled: [], unsettled: []);
    }

    [Fact]
    public void Look_NoFolder_Throws()
    {
        Directory.Delete(_root.Path, recursive: true);

        Assert.ThrowsAny<IOException>(_sut.Look);
        Directory.CreateDirectory(_root.Path);
    }

    public void Dispose() => _root.Dispose();

    private void Write(string folder, string file, string content)
    {
        var path = Path.Combine(_root.Path, folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private void AssertChanges(string[] settled, string[] unsettled)
    {
        var changes = _sut.Look();
        Assert.Equal(settled, changes.Settled);
        Assert.Equal(unsettled, changes.Unsettled);
    }
}
