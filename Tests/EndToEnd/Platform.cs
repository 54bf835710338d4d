using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Redis, a Gateway and InferenceWorkers as real processes, with short leases so that recovery is quick.</summary>
internal sealed class Platform : IAsyncDisposable
{
    public const string Model = ModelNames.Shipped;

    private readonly List<AiProcess> _processes = [];
    private readonly (string Key, string Value)[] _settings;

    private Platform((string Key, string Value)[] settings) => _settings = settings;

    public RedisServer Redis { get; } = new();

    public HttpClient Http { get; private set; } = new();

    public AiProcess Gateway { get; private set; } = null!;

    public AiProcess Worker { get; private set; } = null!;

    public static Task<Platform> StartAsync(params (string Key, string Value)[] settings) => StartAsync(key: null, settings);

    /// <summary>Starts a platform whose callers need a key.</summary>
    /// <param name="key">An operator's key.</param>
    /// <param name="settings">Environment variables of every process; the key's are added.</param>
    public static async Task<Platform> StartAsync(TestKey? key, params (string Key, string Value)[] settings)
    {
        var platform = new Platform([.. settings, .. key?.Environment ?? []]);
        if (key is not null) platform.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
        try
        {
            await platform.StartAllAsync();
            return platform;
        }
        catch
        {
            await platform.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another Gateway, without waiting until it is ready.</summary>
    public AiProcess StartGateway() => Start("Gateway");

    /// <summary>Kills the Gateway, and starts one at the same address, without waiting until it is ready.</summary>
    public async Task KillAndStartGatewayAsync()
    {
        await Gateway.KillAsync();
        Start("Gateway", ("ASPNETCORE_URLS", Gateway.Address.ToString()));
    }

    /// <summary>Starts another worker, without waiting until it is ready.</summary>
    public AiProcess StartWorker() => Start("InferenceWorker");

    /// <summary>Kills the worker, and starts another one in its place, without waiting until it is ready.</summary>
    public async Task KillAndStartWorkerAsync()
    {
        await Worker.KillAsync();
        Worker = StartWorker();
    }

    /// <summary>Submits an embedding of one text as a job and returns its id.</summary>
    public async Task<string> SubmitAsync(string text)
    {
        using var reply = await Http.PostAsJsonAsync(
            "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = Model, input = text } });
        Assert.True(reply.StatusCode == HttpStatusCode.Accepted, await reply.Content.ReadAsStringAsync());
        using var job = JsonDocument.Parse(await reply.Content.ReadAsStringAsync());
        return job.RootElement.GetProperty("id").GetString()!;
    }

    /// <summary>Waits for the end of a job and returns it.</summary>
    public async Task<JsonElement> EndOfAsync(string id)
    {
        JsonElement job = default;
        await Poll.UntilAsync(
            async () =>
            {
                using var reply = await Http.GetAsync($"/v1/jobs/{id}?wait=10");
                if (reply.StatusCode == HttpStatusCode.ServiceUnavailable) return false;
                Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
                job = JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement.Clone();
                return job.GetProperty("status").GetString() is not ("queued" or "running");
            },
            $"{id} ends",
            TimeSpan.FromMinutes(2));
        return job;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        foreach (var process in _processes) await process.DisposeAsync();
        await Redis.DisposeAsync();
    }

    private async Task StartAllAsync()
    {
        await Redis.InitializeAsync();
        Gateway = Start("Gateway");
        Worker = Start("InferenceWorker");
        Http.BaseAddress = Gateway.Address;
        await Gateway.UntilReadyAsync(Http);
        await Worker.UntilReadyAsync(Http);
        foreach (var model in Loaded())
        {
            await Poll.UntilAsync(
                async () => (await Http.GetAsync($"/v1/models/{model}")).StatusCode == HttpStatusCode.OK,
                $"the Gateway knows {model}");
        }
    }

    /// <summary>The models to load whose folders are there.</summary>
    private IEnumerable<string> Loaded()
    {
        // The last of several settings with one name counts.
        var settings = new Dictionary<string, string> { ["Models__Path"] = Checkout.Models, ["Models__Load__0"] = Model };
        foreach (var (key, value) in _settings) settings[key] = value;
        return settings.Where(setting => setting.Key.StartsWith("Models__Load__", StringComparison.Ordinal))
            .Select(setting => setting.Value).Where(model => Directory.Exists(Path.Combine(settings["Models__Path"], model)));
    }

    private AiProcess Start(string project, params (string Key, string Value)[] more)
    {
        var process = AiProcess.Start(project,
        [
            ("ConnectionStrings__redis", Redis.ConnectionString), ("Models__Path", Checkout.Models), ("Models__Load__0", Model),
            ("Jobs__LeaseDuration", "00:00:02"), .. _settings, .. more,
        ]);
        _processes.Add(process);
        return process;
    }
}
