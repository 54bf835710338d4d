using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class BatchLimitsTests
{
    [Fact]
    public void For_DeviceThatGainsFromEveryToken_IsTheManifests() =>
        Assert.Equal(new BatchLimits(32, 8_192), BatchLimits.For(Manifests.Shipped, Costs.Flat));

    [Fact]
    public void For_DeviceThatGainsFromFewTokens_EndsWithThem() =>
        Assert.Equal(new BatchLimits(32, 200), BatchLimits.For(Manifests.Shipped, Costs.Mixed));

    [Theory]
    [InlineData(25, 8)]
    [InlineData(26, 7)]
    [InlineData(256, 1)]
    [InlineData(1, 32)]
    public void RowsOf_IsWithinBothLimits(int length, int rows) => Assert.Equal(rows, new BatchLimits(32, 200).RowsOf(length));
}
