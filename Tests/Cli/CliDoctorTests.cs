using AiPlatform.Tests.EndToEnd;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary>Runs <c>doctor</c> against real systems, well ones and others.</summary>
public sealed class CliDoctorTests
{
    private static readonly TestKey Operator = new("ops", "operator");
    private static readonly TestKey User = new("search");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Doctor_SystemWithKeys_SaysWhatIsWrong()
    {
        await using var platform = await Platform.StartAsync(Operator, [.. User.Environment, ("Jobs__HeartbeatTtl", "00:00:03")]);
        var url = platform.Gateway.Address.ToString();

        var (code, said) = await RunAsync(url, Operator.Value);
        Assert.Equal((0, ""), (code, string.Join('\n', said.Split('\n').Where(line => line.Contains("WRONG", StringComparison.Ordinal)))));
        Assert.Contains($"gateway        {url.TrimEnd('/')} is ready\nversion        0.", said, StringComparison.Ordinal);
        Assert.Contains("key            accepted: tenant 'ops', role 'operator'\n", said, StringComparison.Ordinal);
        Assert.Contains($"model          {Platform.Model}: embedding, 1 worker on cpu\n", said, StringComparison.Ordinal);
        Assert.Contains($"queue          {Platform.Model}: 0 waiting, 0 running\n", said, StringComparison.Ordinal);

        (code, said) = await RunAsync(url, User.Value);
        Assert.Equal(0, code);
        Assert.Contains("queues         not shown: that needs an operator's key\n", said, StringComparison.Ordinal);

        (code, said) = await RunAsync(url, key: null);
        Assert.Equal(1, code);
        Assert.Contains("key            WRONG: The Gateway needs an API key: set AI_API_KEY. 'aiplatform key new'", said, StringComparison.Ordinal);

        (code, said) = await RunAsync(url, "aip_other");
        Assert.Equal(1, code);
        Assert.Contains("WRONG: The Gateway does not accept the API key in AI_API_KEY", said, StringComparison.Ordinal);

        using (await platform.Http.PostAsync(new Uri($"/v1/queues/{Platform.Model}/pause", UriKind.Relative), content: null, Ct))
        {
            await platform.SubmitAsync("waits");
            (code, said) = await RunAsync(url, Operator.Value);
            Assert.Equal(1, code);
            Assert.Contains($"queue          {Platform.Model}: 1 waiting, the oldest for ", said, StringComparison.Ordinal);
            Assert.Contains($"WRONG: {Platform.Model} is paused, so its jobs wait.", said, StringComparison.Ordinal);
        }

        await platform.Worker.KillAsync();
        await Poll.UntilAsync(
            async () => (await RunAsync(url, Operator.Value)).Said.Contains(
                $"model          WRONG: {Platform.Model}: no worker serves it.", StringComparison.Ordinal),
            "the doctor misses the worker", TimeSpan.FromMinutes(1));

        await platform.Redis.KillAsync();
        await Poll.UntilAsync(
            async () => (await RunAsync(url, Operator.Value)).Said.Contains("redis          WRONG: ", StringComparison.Ordinal),
            "the doctor says that Redis is away", TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Doctor_NobodyThere_SaysSo()
    {
        var (code, said) = await RunAsync($"http://127.0.0.1:{FreePort.Next()}", key: null);

        Assert.Equal(1, code);
        Assert.StartsWith("gateway        WRONG: No Gateway answers at http://127.0.0.1:", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("{\"status\":\"Healthy\"}")]
    [InlineData("[1]")]
    public async Task Doctor_AnotherProgramThere_SaysSo(string answer)
    {
        var other = WebApplication.Create();
        other.Urls.Add("http://127.0.0.1:0");
        other.Map("{**path}", () => Results.Text(answer));
        await other.StartAsync(Ct);
        await using (other)
        {
            var (code, said) = await RunAsync(other.Urls.Single(), key: null);

            Assert.Equal(1, code);
            Assert.StartsWith("gateway        WRONG: The program that answers at", said, StringComparison.Ordinal);
        }
    }

    private static async Task<(int Code, string Said)> RunAsync(string url, string? key)
    {
        await using var sut = CliProcess.Start(url, ["doctor"], key);
        var code = await sut.EndAsync();
        Assert.Equal(code == 0, sut.Errors.Length == 0);
        return (code, sut.Output);
    }
}
