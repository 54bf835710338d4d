using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Attempts;

public sealed class AttemptLogTests
{
    [Fact]
    public void IsUnderWay_BetweenTheBeginningAndTheEndOfAnAttempt_IsTrue()
    {
        var provider = new Provider("p", new ProviderOptions { BaseUrl = new Uri("http://127.0.0.1/v1") }, TimeProvider.System);
        var model = new ProviderModel("gpt", provider, new ProviderModelOptions());
        var sut = new AttemptLog();
        var before = sut.IsUnderWay;
        sut.Begin();
        var during = sut.IsUnderWay;
        sut.Failure(model, AttemptFailure.Connection("p", new ProviderUnreachableException("no connection", new IOException())));
        var failed = sut.IsUnderWay;
        sut.Begin();
        sut.Answered(new TokenUsage(3, 4));

        Assert.Equal((false, true, false, false), (before, during, failed, sut.IsUnderWay));
        Assert.Equal((new TokenUsage(3, 4), 2), (sut.Used, sut.Made));
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(1, 8, 1, 2)]
    [InlineData(400, 5, 100, 2)]
    [InlineData(long.MaxValue / 2, 0, 1_000_000_000, 0)]
    public void Estimate_Bytes_AreAQuarterOfThemInTokens(long inputBytes, long outputBytes, long input, long output) =>
        Assert.Equal(new TokenUsage(input, output, input + output), TokenUsage.Estimate(inputBytes, outputBytes));
}
