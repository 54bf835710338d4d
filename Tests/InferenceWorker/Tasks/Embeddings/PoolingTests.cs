using AiPlatform.InferenceWorker.Tasks.Embeddings;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Embeddings;

public sealed class PoolingTests
{
    [Fact]
    public void TryNormalize_Zeros_StayZeros()
    {
        var vector = new float[3];

        Assert.True(Pooling.TryNormalize(vector));
        Assert.Equal([0, 0, 0], vector);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void TryNormalize_NotFinite_IsFalse(float value) => Assert.False(Pooling.TryNormalize([1, value, 2]));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void IsFinite_NotFinite_IsFalse(float value) => Assert.False(Pooling.IsFinite([1, value, 2]));
}
