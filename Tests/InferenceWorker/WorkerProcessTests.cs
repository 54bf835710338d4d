using System.Diagnostics;
using System.Globalization;
using System.Net;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker;

/// <summary>The worker as a real process, with models that load and models that do not.</summary>
public sealed class WorkerProcessTests(RedisServer redis) : IClassFixture<RedisServer>, IDisposable
{
    private readonly TemporaryFolder _models = new();
    private readonly HttpClient _http = new();

    [Fact]
    public async Task Start_OneModelBroken_ServesTheOtherAndNamesIt()
    {
        Directory.CreateSymbolicLink(Path.Combine(_models.Path, "good"), Manifests.ShippedFolder);
        WriteChatModel();
        await using var worker = Start();

        await worker.UntilReadyAsync(_http);

        var health = await _http.GetStringAsync(new Uri(worker.Address, "/health"));
        Assert.Contains("Served on cpu: all-minilm-l6-v2.", health, StringComparison.Ordinal);
        Assert.Contains(
            "Not served: chat. later/model.json: task 'speech' is not supported by this version",
            health,
            StringComparison.Ordinal);
    }

    /// <summary>What ONNX Runtime itself would write about each run that fails is said once, in the check's own line.</summary>
    [Fact]
    public async Task Doctor_RunsFail_SaysItInOneLineOfOurs()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_models.Path, "long")).FullName;
        foreach (var file in (string[])["model.onnx", "tokenizer.json"])
            File.CreateSymbolicLink(Path.Combine(folder, file), Path.Combine(Manifests.ShippedFolder, file));
        var manifest = Manifests.Json();
        manifest["max_tokens"] = 1_024;
        await File.WriteAllTextAsync(Path.Combine(folder, "model.json"), manifest.ToJsonString(), TestContext.Current.CancellationToken);

        await using var doctor = AiProcess.Start("InferenceWorker", Settings(), "doctor");
        var exitCode = await doctor.ExitCodeAsync();

        Assert.Equal(1, exitCode);
        var lines = doctor.LogText.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("it runs inputs of up to 512 tokens", lines[^1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Matches("^(ok|FAIL) +[a-z0-9-]+ +", line));
    }

    /// <summary>A worker that watched the folder from which it was started would wake whenever Redis writes below that.</summary>
    [Fact]
    public async Task Start_InAnyFolder_DoesNotWatchIt()
    {
        WriteChatModel();
        await using var worker = Start();
        await UntilGivenUpAsync(worker);

        var watched = Directory.EnumerateFiles($"/proc/{worker.Id}/fdinfo").SelectMany(File.ReadLines)
            .Where(line => line.StartsWith("inotify ", StringComparison.Ordinal)).Select(line => line.Split("ino:")[1].Split(' ')[0])
            .ToList();

        Assert.Contains(await InodeOfAsync(Path.GetDirectoryName(Checkout.Program("InferenceWorker"))!), watched);
        Assert.DoesNotContain(await InodeOfAsync(Environment.CurrentDirectory), watched);
    }

    [Fact]
    public async Task Start_NoModelLoads_StaysUpNotReadyAndAlive()
    {
        WriteChatModel();
        await using var worker = Start();

        await UntilGivenUpAsync(worker);
        await Poll.UntilAsync(async () => await StatusAsync(worker, "/alive") == HttpStatusCode.OK, "the worker is alive");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(worker, "/health"));
    }

    /// <summary>Several models take a while.</summary>
    [Fact]
    public async Task Start_ModelsStillLoad_IsAliveAndNotReady()
    {
        for (var i = 0; i < 8; i++) CopyShipped($"model-{i}");
        await using var worker = Start();

        await Poll.UntilAsync(async () => await StatusAsync(worker, "/alive") == HttpStatusCode.OK, "the worker is alive");
        using var loading = await _http.GetAsync(new Uri(worker.Address, "/health"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, loading.StatusCode);
        Assert.Matches("Not ready yet: (finding models|loading [1-8] of 8)", await loading.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await worker.UntilReadyAsync(_http);
    }

    [Fact]
    public async Task Heartbeat_WhileItServes_IsInTheCatalogAndGoneAfterSigterm()
    {
        await using var host = JobStoreHost.On(redis.Connection);
        var catalog = host.Catalog;
        Directory.CreateSymbolicLink(Path.Combine(_models.Path, "good"), Manifests.ShippedFolder);
        // With more, its capacity would depend on what is measured at warm-up.
        await using var worker = Start(("Models__ParallelRuns", "1"));

        await Poll.UntilAsync(async () => await BeatOfAsync(catalog, worker.Id) is not null, "the worker's heartbeat is in the catalog");
        var beat = await BeatOfAsync(catalog, worker.Id);
        var exitCode = await worker.StopAsync();

        Assert.Equal("cpu", beat!.Device);
        Assert.Equal(new ModelLoad("all-minilm-l6-v2", 0, 64) { Device = "cpu" }, Assert.Single(beat.Models));
        Assert.Equal(0, exitCode);
        Assert.Null(await BeatOfAsync(catalog, worker.Id));
        var known = Assert.Single((await catalog.ReadAsync(CancellationToken.None)).Models, model => model.Name == "all-minilm-l6-v2");
        Assert.Equal(("embedding", 256, 384, "sentence-transformers"), (known.Task, known.MaxTokens, known.Dimensions, known.OwnedBy));
    }

    public void Dispose()
    {
        _http.Dispose();
        _models.Dispose();
    }

    private static async Task<WorkerHeartbeat?> BeatOfAsync(IWorkerCatalog catalog, int processId) =>
        (await catalog.ReadAsync(CancellationToken.None)).Workers.FirstOrDefault(worker => worker.ProcessId == processId);

    private static async Task<string> InodeOfAsync(string folder)
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%i", folder]) { RedirectStandardOutput = true })!;
        var number = await stat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        return long.Parse(number, CultureInfo.InvariantCulture).ToString("x", CultureInfo.InvariantCulture);
    }

    private static Task UntilGivenUpAsync(AiProcess worker) => Poll.UntilAsync(
        () => worker.LogText.Contains("No model could be loaded", StringComparison.Ordinal), "the worker gave up on its models");

    private AiProcess Start(params (string Key, string Value)[] settings) =>
        AiProcess.Start("InferenceWorker", [.. Settings(), .. settings]);

    private (string Key, string Value)[] Settings() =>
        [("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", _models.Path), ("Models__Device", "cpu")];

    private async Task<HttpStatusCode?> StatusAsync(AiProcess worker, string path)
    {
        try
        {
            using var reply = await _http.GetAsync(new Uri(worker.Address, path));
            return reply.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>The shipped model under another name, with links to its files.</summary>
    private void CopyShipped(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_models.Path, name)).FullName;
        foreach (var file in (string[])["model.onnx", "tokenizer.json"])
            File.CreateSymbolicLink(Path.Combine(folder, file), Path.Combine(Manifests.ShippedFolder, file));
        var manifest = Manifests.Json();
        manifest["name"] = name;
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());
    }

    private void WriteChatModel()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_models.Path, "later")).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), """{"name":"chat","task":"speech","max_tokens":8192}""");
    }
}
