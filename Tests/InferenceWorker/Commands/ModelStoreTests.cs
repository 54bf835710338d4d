using AiPlatform.InferenceWorker.Commands;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Commands;

/// <summary>The folder of the models while it is changed, and after a change that failed or was killed.</summary>
public sealed class ModelStoreTests : IDisposable
{
    private readonly ModelCommands _models = new();

    [Fact]
    public void Run_AnotherCommandIsAtWork_IsRefusedUntilItEnds()
    {
        var source = HubFolders.Classifier(_models.Sources);
        using (ModelStore.Open(_models.Models))
        {
            var (exitCode, _, errors) = _models.Run("add", source);

            Assert.Equal(1, exitCode);
            Assert.Contains("another './ai model' may be at work there", errors, StringComparison.Ordinal);
        }

        Assert.Equal(0, _models.Run("add", source).ExitCode);
    }

    /// <summary>A removal that was killed is completed: without a successor the model does not come back.</summary>
    [Fact]
    public void Open_AfterAKilledRemoval_CompletesIt()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));
        var retired = Directory.CreateDirectory(Path.Combine(_models.Models, ".retired-1")).FullName;
        Directory.Move(Path.Combine(_models.Models, "sorter"), Path.Combine(retired, "sorter"));

        ModelStore.Open(_models.Models).Dispose();

        Assert.Empty(_models.Folders);
    }

    [Fact]
    public void Open_AfterAKilledAdd_DeletesWhatItLeft()
    {
        Directory.CreateDirectory(Path.Combine(_models.Models, ".adding-1", "sorter"));

        ModelStore.Open(_models.Models).Dispose();

        Assert.Empty(_models.Folders);
    }

    [Fact]
    public void Publish_RenameFails_PutsTheOlderModelBack()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));
        using (var sut = ModelStore.Open(_models.Models))
        {
            var missing = Path.Combine(_models.Models, ".adding-1", "sorter");
            Assert.ThrowsAny<IOException>(() => sut.Publish(missing, sut.Find("sorter")));
        }

        Assert.Equal(0, _models.Run("check", "sorter").ExitCode);
    }

    [Fact]
    public void Add_FolderWithinTheModelsFolder_IsRefused()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));

        var (exitCode, _, errors) = _models.Run("add", Path.Combine(_models.Models, "sorter"), "--name", "again");

        Assert.Equal(1, exitCode);
        Assert.Contains("is in the models' folder already", errors, StringComparison.Ordinal);
        Assert.Equal(["sorter"], _models.Folders);
    }

    [Fact]
    public void Remove_LinkedModel_DeletesTheLinksOnly()
    {
        var source = HubFolders.Classifier(_models.Sources);
        var files = Directory.GetFiles(source).Order().ToList();
        _models.Run("add", source, "--link");

        Assert.Equal(0, _models.Run("remove", "sorter").ExitCode);

        Assert.Empty(_models.Folders);
        Assert.Equal(files, Directory.GetFiles(source).Order());
    }

    [Fact]
    public void Check_NameThatIsNotThere_NamesThoseThatAre()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));

        var (exitCode, _, errors) = _models.Run("check", "sorter", "other");

        Assert.Equal(1, exitCode);
        Assert.Contains("There is no model 'other'. There are: sorter.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_FileThatDiffers_Fails()
    {
        _models.Run("add", HubFolders.Classifier(_models.Sources));
        File.AppendAllText(Path.Combine(_models.Models, "sorter", "tokenizer.json"), " ");

        var (exitCode, output, _) = _models.Run("check");

        Assert.Equal(1, exitCode);
        Assert.Contains("sorter/tokenizer.json: the file has", output, StringComparison.Ordinal);
    }

    public void Dispose() => _models.Dispose();
}
