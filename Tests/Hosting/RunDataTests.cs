using AiPlatform.Hosting;
using AiPlatform.Tests.InferenceWorker.Fixtures;
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
}
