using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Monitoring;

/// <summary>The commands of docs/backup.md: what Redis had comes back after its folder was lost.</summary>
[Trait("Category", "Long")]
public sealed class BackupTests : IAsyncLifetime
{
    private const string Model = "kept";
    private const string Paused = "paused";

    /// <summary>The lease of the job that runs during the backup ends soon.</summary>
    private const string Lease = "Jobs:LeaseDuration=00:00:02";

    private readonly RedisServer _redis = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ai-backup-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Restore_AfterTheFolderWasLost_BringsBackWhatWasThere()
    {
        string done, dead, running, keyed, brief, late;
        var waiting = new List<string>();
        JsonElement result, usage;
        await using (var gateway = await GatewayHost.StartAsync(_redis, Lease, "Jobs:MaxFailures=1"))
        await using (var worker = await FakeWorker.IdleAsync(gateway, Model))
        {
            done = await gateway.Client.SubmitForIdAsync(Model);
            await worker.SucceedAsync(await worker.LeaseAsync());
            result = await gateway.GetJobAsync(done);
            dead = await gateway.Client.SubmitForIdAsync(Model);
            await worker.DieAsync(await worker.LeaseAsync());
            running = await gateway.Client.SubmitForIdAsync(Model);
            await worker.LeaseAsync();
            keyed = await SubmitWithKeyAsync(gateway);
            for (var i = 0; i < 20; i++) waiting.Add(await gateway.Client.SubmitForIdAsync(Model));
            brief = await SubmitBriefAsync(gateway);
            await gateway.ServeAsync(Paused);
            await gateway.Client.SendAsync(HttpMethod.Post, $"/v1/queues/{Paused}/pause");
            await UseAsync(gateway);
            usage = await UsageAsync(gateway);
            Assert.Equal(3, Assert.Single(usage.GetProperty("data").EnumerateArray()).GetProperty("requests").GetInt32());

            await RunAsync("Back up");
            // It has what callers sent, in clear text.
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode($"{_folder}/redis.rdb"));

            late = await gateway.Client.SubmitForIdAsync(Model);
            await UseAsync(gateway);
            // What ends after the backup is lost with the disk.
            while (await StatusAsync(gateway, keyed) != "succeeded") await worker.SucceedAsync(await worker.LeaseAsync());
            await Poll.UntilAsync(async () => await StatusAsync(gateway, brief) == "expired", "the brief job expires");
        }

        await _redis.KillAsync();
        Directory.Delete(_redis.Folder, recursive: true);
        await RunAsync("Restore");
        await _redis.StartAsync();

        await using var again = await GatewayHost.StartAsync(_redis, Lease, "Jobs:MaxFailures=1");
        Assert.Equal(result.GetRawText(), (await again.GetJobAsync(done)).GetRawText());
        Assert.Equal(usage.GetRawText(), (await UsageAsync(again)).GetRawText());
        Assert.Equal("failed", (await again.GetJobAsync(dead)).GetProperty("status").GetString());
        using (var lost = await again.Client.GetAsync(new Uri($"/v1/jobs/{late}", UriKind.Relative), Ct))
            Assert.Equal(HttpStatusCode.NotFound, lost.StatusCode);
        Assert.Equal(keyed, await SubmitWithKeyAsync(again));
        Assert.Equal("queued", await StatusAsync(again, keyed));
        await Poll.UntilAsync(async () => await StatusAsync(again, brief) == "expired", "the job whose deadline has passed expires");
        var (_, queues) = await again.Client.SendAsync(HttpMethod.Get, "/v1/queues");
        Assert.True(queues.GetProperty("data").EnumerateArray()
            .Single(queue => queue.GetProperty("queue").GetString() == Paused).GetProperty("paused").GetBoolean());
        await using var next = await FakeWorker.StartAsync(again, Model);
        foreach (var id in (string[])[.. waiting, keyed, running])
            Assert.Equal("succeeded", (await again.GetJobAsync(id, "?wait=30")).GetProperty("status").GetString());
        Assert.Equal(2, (await again.GetJobAsync(running)).GetProperty("attempts").GetInt32());
        using var requeued = await again.Client.PostAsync(new Uri($"/v1/queues/{Model}/requeue-dead", UriKind.Relative), null, Ct);
        Assert.Equal(1, (await requeued.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("requeued").GetInt32());
    }

    public async ValueTask InitializeAsync() => await _redis.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Runs the first block of commands below a heading of the document.</summary>
    private async Task RunAsync(string heading)
    {
        var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "backup.md"), Ct);
        var commands = Regex.Match(document, $"\n## {heading}\n.*?\n```bash\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        Assert.NotEmpty(commands);
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", commands])
        {
            Environment =
            {
                ["REDIS_HOST"] = "127.0.0.1", ["REDIS_PORT"] = $"{_redis.Port}", ["BACKUP"] = $"{_folder}/redis.rdb",
                ["DATA"] = _redis.Folder,
            },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var bash = Process.Start(start)!;
        var said = await Task.WhenAll(bash.StandardOutput.ReadToEndAsync(Ct), bash.StandardError.ReadToEndAsync(Ct));
        await bash.WaitForExitAsync(Ct);
        Assert.True(bash.ExitCode == 0, string.Join('\n', said));
    }

    private static async Task<string> SubmitWithKeyAsync(GatewayHost gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
        {
            Content = JsonContent.Create(new { endpoint = "/v1/embeddings", body = new { model = Model, input = "once" } }),
            Headers = { { "Idempotency-Key", "\"order-4711\"" } },
        };
        using var reply = await gateway.Client.SendAsync(request, Ct);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
    }

    /// <summary>Submits a job that nobody runs before its deadline.</summary>
    private static async Task<string> SubmitBriefAsync(GatewayHost gateway)
    {
        var job = new { endpoint = "/v1/embeddings", body = new { model = Model, input = "a" }, lane = "batch", deadline_seconds = 8 };
        using var reply = await gateway.PostAsync("/v1/jobs", job);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
    }

    private static async Task<string?> StatusAsync(GatewayHost gateway, string id) =>
        (await gateway.GetJobAsync(id)).GetProperty("status").GetString();

    private static Task UseAsync(GatewayHost gateway) => gateway.Services.GetRequiredService<IUsageStore>().AddAsync(
        DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), Tenants.Anonymous,
        new UsageOfCalls(new Dictionary<string, UsageCount> { [Model] = new(3, 1, 100, 20) }, []),
        new UsageWrite(Guid.NewGuid().ToString("N"), 1), Ct);

    private static async Task<JsonElement> UsageAsync(GatewayHost gateway) =>
        await gateway.Client.GetFromJsonAsync<JsonElement>("/v1/usage", Ct);
}
