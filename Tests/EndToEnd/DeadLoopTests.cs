using System.Diagnostics;
using System.Net;
using System.Text;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>A background loop that failed in a way nobody foresaw: the process ends, and whoever supervises it starts it again.</summary>
public sealed class DeadLoopTests
{
    /// <summary>What every process sweeps; something else at its place breaks the loop that does.</summary>
    private const string Swept = $"ai:{{{Platform.Model}}}:deadlines";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Loop_Fails_EndsBothProcessesWithAnExitCode()
    {
        await using var sut = await Platform.StartAsync();

        await sut.Redis.Connection.GetDatabase().StringSetAsync(Swept, "not a sorted set");

        Assert.Equal((1, 1), (await sut.Gateway.ExitCodeAsync(), await sut.Worker.ExitCodeAsync()));
        Assert.All([sut.Gateway, sut.Worker], process => Assert.Contains("WRONGTYPE", process.LogText, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Loop_Fails_IsStartedAgainByItsSupervisor()
    {
        await using var redis = new RedisServer();
        await redis.InitializeAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        var data = Directory.CreateTempSubdirectory("ai-supervised-");
        var log = new StringBuilder();
        using var supervisor = Start(redis, http.BaseAddress.Port, data.FullName, log);
        try
        {
            await Poll.UntilAsync(() => Logged(log, "AiPlatform is ready at"), () => $"the platform is ready:\n{log}", TimeSpan.FromMinutes(3));

            await redis.Connection.GetDatabase().StringSetAsync(Swept, "not a sorted set");
            await Poll.UntilAsync(() => Logged(log, "gateway ended with exit code 1") && Logged(log, "worker-1 ended with exit code 1"), () => $"both have ended:\n{log}");
            await redis.Connection.GetDatabase().KeyDeleteAsync(Swept);

            await Poll.UntilAsync(() => IsReadyAsync(http), "the Gateway is ready again", TimeSpan.FromMinutes(3));
            await Poll.UntilAsync(async () => await EmbedsAsync(http), "the worker serves again", TimeSpan.FromMinutes(3));
        }
        finally
        {
            // As Ctrl-C does; it stops what it has started.
            using var kill = Process.Start("kill", ["-TERM", $"{supervisor.Id}"]);
            await supervisor.WaitForExitAsync(CancellationToken.None);
            data.Delete(recursive: true);
        }
    }

    private static Process Start(RedisServer redis, int port, string data, StringBuilder log)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Checkout.Root, "eng", "supervise"), "1", $"{port}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AI_DATA_DIR"] = data;
        start.Environment["ConnectionStrings__redis"] = redis.ConnectionString;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(log, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(log, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Keep(StringBuilder log, string? line)
    {
        lock (log) log.AppendLine(line);
    }

    private static bool Logged(StringBuilder log, string text)
    {
        lock (log) return log.ToString().Contains(text, StringComparison.Ordinal);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var reply = await http.GetAsync("/health", Ct);
            return reply.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<bool> EmbedsAsync(HttpClient http)
    {
        using var content = new StringContent($$"""{"model":"{{Platform.Model}}","input":"a"}""", Encoding.UTF8, "application/json");
        try
        {
            using var reply = await http.PostAsync("/v1/embeddings", content, Ct);
            return reply.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
