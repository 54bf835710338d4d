using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>An invalid setting ends the process. The last line of its output names the setting and the reason.</summary>
public sealed class RefusedSettingsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    [Theory]
    [InlineData("Gateway", "Providers__up__ApiKey", "sk-\nx", "Providers:up:ApiKey has characters that no header can carry.")]
    [InlineData("Gateway", "Providers__up__Nonsense", "1", "Providers:up")]
    [InlineData("Gateway", "Gateway__RequestTimeout", "\u001b[31mnever", "Gateway:RequestTimeout cannot be read: give a time such as")]
    [InlineData("Gateway", "Gateway__MaxBodyBytes", "4MiB", "Gateway:MaxBodyBytes cannot be read: give a whole number.")]
    [InlineData("Gateway", "Gateway__WorkerWait", "1.00:00:00", "WorkerWait")]
    [InlineData("Gateway", "ApiKeys__ops__Sha256", "short\n", "ApiKeys:ops:Sha256")]
    [InlineData("Gateway", "ASPNETCORE_URLS", "http://0.0.0.0:0", "ApiKeys:NAME:Sha256")]
    [InlineData("Gateway", "ASPNETCORE_URLS", "no address", "no address")]
    [InlineData("Gateway", "ConnectionStrings__redis", "", "ConnectionStrings:redis names no Redis server: give its address")]
    [InlineData("InferenceWorker", "ConnectionStrings__redis", "redis:port", "ConnectionStrings:redis names no Redis server")]
    [InlineData(
        "InferenceWorker", "ConnectionStrings__redis", "redis:1,nonsense=1",
        "ConnectionStrings:redis cannot be read: Keyword 'nonsense' is not supported.")]
    [InlineData("Gateway", "Secrets__Path", "/no/such\nfolder", "Secrets:Path")]
    [InlineData("Gateway", "Jobs__MaxBytesPerTenant", "1", "MaxBytesPerTenant")]
    [InlineData("InferenceWorker", "Jobs__MaxFailures", "0", "MaxFailures")]
    [InlineData("InferenceWorker", "Jobs__MaxFailures", "abc", "Jobs:MaxFailures cannot be read: give a whole number.")]
    [InlineData("InferenceWorker", "Models__Device", "abacus", "Models:Device")]
    [InlineData("InferenceWorker", "OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere", "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("InferenceWorker", "Shutdown__GracePeriod", "00:00:03", "Shutdown:GracePeriod")]
    public async Task Start_RefusedSetting_EndsWithOneLineThatNamesIt(string project, string key, string value, string named)
    {
        await using var sut = Start(project, (key, value));

        var exitCode = await sut.ExitCodeAsync();

        Assert.NotEqual(0, exitCode);
        var lines = sut.LogText.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.StartsWith("error: ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(named, lines[^1], StringComparison.Ordinal);
        Assert.DoesNotMatch("Aspire|\\(Parameter", lines[^1]);
        Assert.DoesNotContain(
            lines, line => line.StartsWith("at ", StringComparison.Ordinal) || line.Contains('\u001b', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_PortIsTaken_EndsWithOneLineThatNamesIt()
    {
        await using var sut = Start("Gateway", ("ASPNETCORE_URLS", $"http://{redis.ConnectionString}"));

        Assert.NotEqual(0, await sut.ExitCodeAsync());
        var lines = sut.LogText.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.StartsWith("error: ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(redis.ConnectionString, lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.StartsWith("at ", StringComparison.Ordinal));
    }

    /// <summary>Vaults and <c>cat</c> return a key with a line end.</summary>
    [Fact]
    public async Task Start_KeyWithItsLineEnd_Serves()
    {
        using var http = new HttpClient();
        await using var sut = Start(
            "Gateway", ("Providers__up__BaseUrl", "http://127.0.0.1:1/v1"), ("Providers__up__ApiKey", "sk-x\r\n"));

        await sut.UntilReadyAsync(http);
    }

    private AiProcess Start(string project, params (string Key, string Value)[] settings) => AiProcess.Start(
        project, [("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", Checkout.Models), .. settings]);
}
