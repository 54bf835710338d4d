using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Jobs.Store;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

/// <summary>A process drains before it ends, and ends before it is killed.</summary>
public sealed class ShutdownTests(RedisServer redis) : IClassFixture<RedisServer>
{
    [Fact]
    public void Defaults_AreInTheirOrder()
    {
        var (leasing, shutdown) = (new LeasingOptions(), new ShutdownOptions());

        Assert.Equal((20, 28, 30), (leasing.DrainTimeout.TotalSeconds, shutdown.Timeout.TotalSeconds, shutdown.GracePeriod.TotalSeconds));
        Assert.True(new ShutdownOrderCheck().Validate(null, shutdown).Succeeded);
        Assert.True(new DrainOrderCheck(Options.Create(shutdown)).Validate(null, leasing).Succeeded);
    }

    [Theory]
    [InlineData("Leasing:DrainTimeout", "00:00:24")]
    [InlineData("Leasing:DrainTimeout", "00:05:00")]
    [InlineData("Shutdown:Timeout", "00:00:10")]
    [InlineData("Shutdown:Timeout", "00:00:30")]
    [InlineData("Shutdown:GracePeriod", "00:00:20")]
    public async Task Start_InAnotherOrder_IsRefusedByName(string setting, string value)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync((setting, value)));

        Assert.Contains(setting, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(nameof(OptionsValidationException), error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_LongerInTheSameOrder_IsTaken()
    {
        await using var sut = await StartAsync(
            ("Leasing:DrainTimeout", "00:05:00"), ("Shutdown:Timeout", "00:05:10"), ("Shutdown:GracePeriod", "00:05:20"));

        Assert.Equal(0, sut.Running.Count);
    }

    [Theory]
    [InlineData("Gateway")]
    [InlineData("InferenceWorker")]
    public async Task Process_InAnotherOrder_DoesNotStart(string project)
    {
        await using var sut = AiProcess.Start(
            project, [("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", Checkout.Models),
                ("Leasing__DrainTimeout", "00:00:40")]);

        Assert.NotEqual(0, await sut.ExitCodeAsync());
        Assert.Contains("Leasing:DrainTimeout is 00:00:40", sut.LogText, StringComparison.Ordinal);
    }

    private Task<LeasingHost> StartAsync(params (string Key, string Value)[] settings) =>
        LeasingHost.StartAsync(
            redis.ConnectionString, QueueName.ForModel(RedisServer.Unique("q")), (_, _) => Task.FromResult(StoreSut.Success), settings);
}
