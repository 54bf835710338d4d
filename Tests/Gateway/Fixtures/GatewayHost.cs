using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>The real Gateway in this process, on a free port of 127.0.0.1.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GatewayHost(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
        Client = new HttpClient { BaseAddress = address };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>A worker's view of the same Redis.</summary>
    public IJobStore Store => Services.GetRequiredService<IJobStore>();

    /// <param name="redis">Where Redis is.</param>
    /// <param name="settings">Further settings, <c>Section:Key=value</c>.</param>
    public static async Task<GatewayHost> StartAsync(RedisServer redis, params string[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        string[] arguments =
        [
            $"--urls={address}", $"--ConnectionStrings:redis={redis.ConnectionString}", "--Logging:LogLevel:Default=Warning",
            .. settings.Select(setting => $"--{setting}"),
        ];
        var app = AiPlatform.Gateway.Program.Build(arguments);
        await app.StartAsync();
        return new GatewayHost(app, address);
    }

    /// <summary>Makes a model known, as a worker that serves it would.</summary>
    public Task ServeAsync(string model, int? dimensions = 4, string task = "embedding") =>
        Services.GetRequiredService<IWorkerCatalog>().BeatAsync(
            new WorkerHeartbeat
            {
                Worker = $"worker-of-{model}",
                Host = "test",
                ProcessId = 1,
                Device = "cpu",
                StartedAt = DateTimeOffset.UnixEpoch,
                Models = [new ModelLoad(model, 0, 8)],
            },
            [
                new ModelDescriptor
                {
                    Name = model, Task = task, MaxTokens = 256, Dimensions = dimensions, Created = 1_700_000_000, OwnedBy = "tests",
                },
            ],
            CancellationToken.None);

    public Task<HttpResponseMessage> PostAsync(string path, object body) => Client.PostAsJsonAsync(path, body);

    public Task<HttpResponseMessage> PostTextAsync(string path, string json) =>
        Client.PostAsync(path, new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    public async Task<JsonElement> GetJobAsync(string id, string query = "") =>
        await Client.GetFromJsonAsync<JsonElement>($"/v1/jobs/{id}{query}");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
