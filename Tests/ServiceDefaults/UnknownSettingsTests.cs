using AiPlatform.InferenceWorker;
using AiPlatform.ServiceDefaults.Configuration;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

/// <summary>A setting with a mistyped name has no effect, and both programs log it.</summary>
public sealed class UnknownSettingsTests
{
    [Theory]
    [InlineData("Gateway", "Jobs:MaxFailurez", "is Jobs:MaxFailures meant?")]
    [InlineData("InferenceWorker", "jobs:maxfailurez", "is jobs:MaxFailures meant?")]
    [InlineData("InferenceWorker", "Models:Divice", "is Models:Device meant?")]
    [InlineData("InferenceWorker", "Models:Loads:0", "is Models:Load meant?")]
    [InlineData("Gateway", "Gateway:RequestTimeOuts", "is Gateway:RequestTimeout meant?")]
    [InlineData("Gateway", "Gateway:MaxFailures", "is Jobs:MaxFailures meant?")]
    [InlineData("Gateway", "Gateway:Replica", "is Gateway:Replicas meant?")]
    [InlineData("Gateway", "Jobz:MaxFailures", "is the section Jobs meant?")]
    [InlineData("InferenceWorker", "Provider:x:BaseUrl", "is the section Providers meant?")]
    [InlineData("InferenceWorker", "Shutdown:Nonsense", null)]
    [InlineData("Gateway", "Leasing:Deep:Nonsense", null)]
    [InlineData("Gateway", "Redis:Entra", null)]
    [InlineData("Gateway", "Prices:Curency", "is Prices:Currency meant?")]
    [InlineData("Gateway", "Prices:Models:gpt:InputPerMilion", "is Prices:Models:gpt:InputPerMillion meant?")]
    [InlineData("Gateway", "prices:models:gpt:Tax", null)]
    public async Task Find_NameThatNobodyKnows_IsNamedWithWhatMayBeMeant(string program, string setting, string? hint)
    {
        var (name, nearest) = Assert.Single(await FindAsync(program, setting));

        Assert.StartsWith(name, setting, StringComparison.Ordinal);
        Assert.Equal(hint, nearest);
    }

    [Theory]
    [InlineData("Gateway", "JOBS:MAXFAILURES")]
    [InlineData("Gateway", "Gateway:Hosts:0")]
    [InlineData("Gateway", "Gateway:Replicas")]
    [InlineData("InferenceWorker", "Gateway:Anything")]
    [InlineData("Gateway", "Models:Path")]
    [InlineData("Gateway", "Models:Anything")]
    [InlineData("InferenceWorker", "Models:Load:0")]
    [InlineData("InferenceWorker", "Models:gpt:Provider")]
    [InlineData("InferenceWorker", "ApiKeys:ops:Sha256")]
    [InlineData("InferenceWorker", "Prices:Currency")]
    [InlineData("InferenceWorker", "Prices:Models:gpt:InputPerMillion")]
    [InlineData("Gateway", "Prices:Models:gpt:inputPerMillion")]
    [InlineData("Gateway", "Prices:Currency")]
    [InlineData("InferenceWorker", "Job")]
    [InlineData("InferenceWorker", "Somebody:Elses")]
    [InlineData("Gateway", "Logging:LogLevel:X")]
    public async Task Find_NameThatSomebodyReads_IsNone(string program, string setting) =>
        Assert.Empty(await FindAsync(program, setting));

    [Fact]
    public async Task Start_NameThatNobodyKnows_WarnsAndServes()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        using var log = new KeptLog();

        await using var gateway = await GatewayHost.StartAsync(
            redis, app => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log), "Jobs:MaxFailurez=secret");

        var warning = Assert.Single(log.Lines, line => line.Text.Contains("Jobs:MaxFailurez", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Warning, warning.Level);
        Assert.Contains("has no effect: is Jobs:MaxFailures meant?", warning.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", warning.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(log.Lines, line => line != warning && line.Text.Contains("no effect", StringComparison.Ordinal));
    }

    private static async Task<List<(string Name, string? Nearest)>> FindAsync(string program, string setting)
    {
        string[] arguments = [$"--{setting}=1", "--ConnectionStrings:redis=127.0.0.1:1"];
        await using var app = program == "Gateway" ? AiPlatform.Gateway.Program.Build(arguments) : WorkerHost.Build(arguments);
        return [.. app.Services.GetRequiredService<UnknownSettings>().Find()];
    }
}
