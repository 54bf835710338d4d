using System.Net;
using AiPlatform.ServiceDefaults;
using AiPlatform.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

public sealed class HealthTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_RedisAnswers_IsReadyAndAlive()
    {
        await using var sut = await CreateSutAsync(redis.ConnectionString, HealthStatus.Unhealthy);

        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetAsync(sut, "/health"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetAsync(sut, "/alive"));
    }

    [Theory]
    [InlineData(HealthStatus.Unhealthy, HttpStatusCode.ServiceUnavailable)]
    [InlineData(HealthStatus.Degraded, HttpStatusCode.OK)]
    public async Task Health_RedisAway_IsWhatTheProcessRegistered(HealthStatus registered, HttpStatusCode code)
    {
        await using var sut = await CreateSutAsync($"127.0.0.1:{FreePort.Next()}", registered);

        Assert.Equal((code, registered.ToString()), await GetAsync(sut, "/health"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetAsync(sut, "/alive"));
    }

    [Fact]
    public async Task Health_RedisWouldEvict_IsNeverReady()
    {
        await using var evicting = RedisServer.With("--maxmemory-policy", "allkeys-lru");
        await evicting.InitializeAsync();
        await using var sut = await CreateSutAsync(evicting.ConnectionString, HealthStatus.Degraded);

        var body = await GetBodyAsync(sut, "/health");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await GetAsync(sut, "/health"));
        Assert.Contains("allkeys-lru", body, StringComparison.Ordinal);
        Assert.Contains("noeviction", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alive_LoopEnded_NamesItAndIsNot()
    {
        var end = new TaskCompletionSource();
        await using var sut = await CreateSutAsync(redis.ConnectionString, HealthStatus.Unhealthy, services =>
        {
            services.AddSingleton(end);
            services.AddHostedService<EndingLoop>();
        });
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetAsync(sut, "/alive"));

        end.SetResult();

        await Poll.UntilAsync(async () => (await GetAsync(sut, "/alive")).Status == HttpStatusCode.ServiceUnavailable, "liveness ends");
        Assert.Contains(nameof(EndingLoop), await GetBodyAsync(sut, "/alive"), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetAsync(sut, "/health"));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task RunToExitCode_LoopFailed_SaysSo(bool fails, int exitCode)
    {
        var end = new TaskCompletionSource();
        await using var sut = Build(redis.ConnectionString, HealthStatus.Unhealthy, services =>
        {
            services.AddSingleton(end);
            services.AddHostedService<EndingLoop>();
        });
        var running = sut.RunToExitCodeAsync();

        if (fails) end.SetException(new InvalidOperationException("The loop failed."));
        else sut.Lifetime.StopApplication();

        Assert.Equal(exitCode, await running.WaitAsync(TimeSpan.FromSeconds(60), Ct));
    }

    private static async Task<WebApplication> CreateSutAsync(
        string connectionString, HealthStatus withoutRedis, Action<IServiceCollection>? configure = null)
    {
        var app = Build(connectionString, withoutRedis, configure);
        app.MapDefaultEndpoints();
        await app.StartAsync();
        return app;
    }

    private static WebApplication Build(string connectionString, HealthStatus withoutRedis, Action<IServiceCollection>? configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create<string, string?>("ConnectionStrings:redis", connectionString),
            KeyValuePair.Create<string, string?>("urls", $"http://127.0.0.1:{FreePort.Next()}"),
        ]);
        builder.AddServiceDefaults("test", withoutRedis);
        configure?.Invoke(builder.Services);
        return builder.Build();
    }

    private static async Task<(HttpStatusCode Status, string Word)> GetAsync(WebApplication app, string path)
    {
        using var http = new HttpClient();
        using var reply = await http.GetAsync(new Uri(app.Urls.First() + path), Ct);
        var body = System.Text.Json.JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct));
        return (reply.StatusCode, body.RootElement.GetProperty("status").GetString()!);
    }

    private static async Task<string> GetBodyAsync(WebApplication app, string path)
    {
        using var http = new HttpClient();
        using var reply = await http.GetAsync(new Uri(app.Urls.First() + path), Ct);
        return await reply.Content.ReadAsStringAsync(Ct);
    }

    private sealed class EndingLoop(TaskCompletionSource end) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => end.Task.WaitAsync(stoppingToken);
    }
}
