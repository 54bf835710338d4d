using AiPlatform.Hosting;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Aspire.Hosting;
using Xunit;

namespace AiPlatform.Tests.Hosting;

public sealed class RunDataTests
{
    [Fact]
    public void Take_TwoAtOnce_HaveFoldersOfTheirOwn()
    {
        using var root = new TemporaryFolder();
        using var first = RunData.Take(root.Path);
        using (var second = RunData.Take(root.Path)) Assert.Equal((1, 2), (first.Number, second.Number));

        using var third = RunData.Take(root.Path);

        Assert.Equal(2, third.Number);
    }

    /// <summary>Root, too, can make no folder below a file.</summary>
    [Fact]
    public void Take_NoPlaceForAFolder_SaysWhyAndNamesTheSetting()
    {
        using var root = new TemporaryFolder();
        var file = Path.Combine(root.Path, "file");
        File.WriteAllText(file, "");

        var refused = Assert.Throws<DistributedApplicationException>(() => RunData.Take(Path.Combine(file, "data")));

        Assert.Contains("cannot be used: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(((IOException)refused.InnerException!).Message.TrimEnd('.'), refused.Message, StringComparison.Ordinal);
        Assert.Contains("AI_DATA_DIR", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("100 runs", refused.Message, StringComparison.Ordinal);
    }
}
