using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
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
    public static Task<GatewayHost> StartAsync(RedisServer redis, params string[] settings) => StartAsync(redis, static _ => { }, settings);

    /// <param name="redis">Where Redis is.</param>
    /// <param name="extend">Adds routes.</param>
    /// <param name="settings">Further settings, <c>Section:Key=value</c>.</param>
    public static async Task<GatewayHost> StartAsync(RedisServer redis, Action<WebApplication> extend, params string[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        string[] arguments =
        [
            $"--urls={address}", $"--ConnectionStrings:redis={redis.ConnectionString}", "--Logging:LogLevel:Default=Warning",
            .. settings.Select(setting => $"--{setting}"),
        ];
        var app = AiPlatform.Gateway.Program.Build(arguments);
        extend(app);
        await app.StartAsync();
        return new GatewayHost(app, address);
    }

    /// <summary>
    /// Waits until it says that it is ready. Right after the start it is not: it reads the workers' catalog first, which takes a while on a
    /// machine that is busy.
    /// </summary>
    public Task UntilReadyAsync() => Poll.UntilAsync(
        async () =>
        {
            using var health = await Client.GetAsync("/health");
            return health.StatusCode == HttpStatusCode.OK;
        },
        "the Gateway is ready");

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

    /// <summary>That worker ends.</summary>
    public Task LeaveAsync(string model) =>
        Services.GetRequiredService<IWorkerCatalog>().LeaveAsync($"worker-of-{model}", CancellationToken.None);

    public Task<HttpResponseMessage> PostAsync(string path, object body) => Client.PostAsJsonAsync(path, body);

    public Task<HttpResponseMessage> PostTextAsync(string path, string json) =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>Sends a request byte for byte, because HttpClient would not send everything that tests need.</summary>
    /// <param name="requestLine">Such as <c>GET /v1/models</c>.</param>
    /// <param name="headers">Whole lines.</param>
    /// <param name="body">JSON, or nothing.</param>
    public Task<(int Status, string Answer)> SendRawAsync(string requestLine, string[] headers, string body = "")
    {
        string[] type = body.Length == 0 || headers.Any(line => line.StartsWith("Content-Type", StringComparison.OrdinalIgnoreCase))
            ? [] : ["Content-Type: application/json"];
        string[] lines =
            [$"{requestLine} HTTP/1.1", $"Host: {Address.Authority}", "Connection: close", $"Content-Length: {body.Length}", .. type,
                .. headers, "", body];
        return SendBytesAsync(Encoding.UTF8.GetBytes(string.Join("\r\n", lines)));
    }

    /// <summary>Sends bytes, whatever they are, and reads until the Gateway closes the connection.</summary>
    public async Task<(int Status, string Answer)> SendBytesAsync(byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address.Host, Address.Port);
        await client.GetStream().WriteAsync(bytes);
        var answer = await new StreamReader(client.GetStream()).ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (int.Parse(answer.Split(' ', 3)[1], provider: null), answer);
    }

    public async Task<JsonElement> GetJobAsync(string id, string query = "") =>
        await Client.GetFromJsonAsync<JsonElement>($"/v1/jobs/{id}{query}");

    /// <summary>Stops it as SIGTERM does; it must still be disposed.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
