using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Models come, change and go while a worker and a Gateway run.</summary>
public sealed class ModelChangesTests : IAsyncLifetime
{
    private const string Sorter = "sorter";

    private readonly ModelCommands _models = new();
    private Platform _platform = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Add(HubFolders.Classifier(_models.Sources, "first"));
        _platform = await Platform.StartAsync(
            ("Models__Path", _models.Models), ("Models__Load__0", "first"), ("Models__Load__1", Sorter), ("Models__Threads", "1"),
            ("Models__WatchInterval", "00:00:00.2"), ("Jobs__HeartbeatTtl", "00:00:03"));
    }

    [Fact]
    public async Task Add_WhileTheyRun_IsListedAndAnswers()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await ClassifyAsync()).Status);

        Add(HubFolders.Classifier(_models.Sources, "a-model-for-others"));
        Add(HubFolders.Classifier(_models.Sources, Sorter));

        await Poll.UntilAsync(async () => await ModelAsync() is { } model && model.GetProperty("labels").GetInt32() == 3, "it is listed");
        var (status, answer) = await ClassifyAsync();
        Assert.True(status == HttpStatusCode.OK, answer);
        // Models:Load does not name it. Models are loaded one after the other, by name, so it would have been there before.
        Assert.DoesNotContain("a-model-for-others", await ListAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReplaceAndRemove_UnderLoad_FailNoCallThatIsAccepted()
    {
        var source = HubFolders.Classifier(_models.Sources, Sorter);
        Add(source);
        await Poll.UntilAsync(async () => await ModelAsync() is not null, "it is listed");
        using var load = new CancellationTokenSource();
        var answers = new ConcurrentBag<(HttpStatusCode Status, string Answer)>();
        var callers = Enumerable.Range(0, 8).Select(_ => CallAsync(answers, load.Token)).ToArray();

        for (var version = 1; version <= 3; version++)
        {
            var tokens = 10 + version;
            Add(source, "--replace", "--set", $"max_tokens={tokens}");
            await Poll.UntilAsync(
                async () => (await ModelAsync())!.Value.GetProperty("max_model_len").GetInt32() == tokens, $"version {version} serves");
        }

        await Poll.UntilAsync(
            () => _platform.Worker.LogText.Split("A version of model sorter is unloaded").Length == 4, "the older versions are unloaded");
        Assert.NotEmpty(answers);
        Assert.All(answers, one => Assert.True(one.Status == HttpStatusCode.OK, one.Answer));

        answers.Clear();
        Assert.Equal(0, _models.Run("remove", Sorter).ExitCode);
        await Poll.UntilAsync(
            () => _platform.Worker.LogText.Split("A version of model sorter is unloaded").Length == 5, "the model is unloaded");
        await Poll.UntilAsync(
            async () => await ModelAsync() is { } model && model.TryGetProperty("available", out var available) && !available.GetBoolean(),
            "the Gateway knows that nobody serves it");
        await load.CancelAsync();
        await Task.WhenAll(callers);

        Assert.All(answers, one => Assert.True(
            one.Status == HttpStatusCode.OK
            || one.Status == HttpStatusCode.ServiceUnavailable && one.Answer.Contains("model_unavailable", StringComparison.Ordinal),
            $"{one.Status} {one.Answer}"));
        Assert.Equal(HttpStatusCode.OK, (await ClassifyAsync("first")).Status);
    }

    [Fact]
    public async Task BrokenVersion_IsReportedAndTheOlderOneServes()
    {
        var folder = Path.Combine(_models.Models, "first");
        await File.WriteAllTextAsync(Path.Combine(folder, "model.onnx.new"), "no model", Ct);
        File.Move(Path.Combine(folder, "model.onnx.new"), Path.Combine(folder, "model.onnx"), overwrite: true);

        await Poll.UntilAsync(
            async () => (await ListAsync()).Contains("in model.json says", StringComparison.Ordinal), "the failure is listed");

        Assert.Contains("\"folder\":\"first\"", await _platform.Http.GetStringAsync("/v1/workers", Ct), StringComparison.Ordinal);
        await Poll.UntilAsync(
            () => _platform.Worker.LogText.Contains("The version that was loaded before is still served", StringComparison.Ordinal), "it is logged");
        Assert.Equal(HttpStatusCode.OK, (await ClassifyAsync("first")).Status);

        using (var whole = new TinyClassifier())
            File.Copy(Path.Combine(whole.Folder, "model.onnx"), Path.Combine(folder, "model.onnx"), overwrite: true);
        await Poll.UntilAsync(
            async () => !(await ListAsync()).Contains("\"folder\":\"first\"", StringComparison.Ordinal), "the failure is gone");
        await Poll.UntilAsync(
            () => _platform.Worker.LogText.Contains("A version of model first is unloaded", StringComparison.Ordinal), "it is loaded");
        Assert.Equal(HttpStatusCode.OK, (await ClassifyAsync("first")).Status);
    }

    /// <summary>A network file system that is away for a moment takes no model with it.</summary>
    [Fact]
    public async Task FolderCannotBeRead_EverythingIsServedAsItIs()
    {
        var aside = $"{_models.Models}-aside";
        Directory.Move(_models.Models, aside);
        await Poll.UntilAsync(
            () => _platform.Worker.LogText.Contains("The models' folder cannot be read", StringComparison.Ordinal), "it is told");

        Assert.Equal(HttpStatusCode.OK, (await ClassifyAsync("first")).Status);

        Directory.Move(aside, _models.Models);
        Add(HubFolders.Classifier(_models.Sources, Sorter));
        await Poll.UntilAsync(async () => await ModelAsync() is not null, "changes are taken up again");
        Assert.Equal(HttpStatusCode.OK, (await ClassifyAsync("first")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        await _platform.DisposeAsync();
        _models.Dispose();
    }

    private void Add(string folder, params string[] options)
    {
        var (exitCode, _, errors) = _models.Run(["add", folder, .. options]);
        Assert.True(exitCode == 0, errors);
    }

    private async Task CallAsync(ConcurrentBag<(HttpStatusCode, string)> answers, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested) answers.Add(await ClassifyAsync());
    }

    private Task<string> ListAsync() => _platform.Http.GetStringAsync("/v1/models", Ct);

    private async Task<JsonElement?> ModelAsync()
    {
        using var reply = await _platform.Http.GetAsync($"/v1/models/{Sorter}", Ct);
        return reply.StatusCode == HttpStatusCode.OK ? await reply.Content.ReadFromJsonAsync<JsonElement>(Ct) : null;
    }

    private async Task<(HttpStatusCode Status, string Answer)> ClassifyAsync(string model = Sorter)
    {
        using var reply = await _platform.Http.PostAsJsonAsync("/v1/classify", new { model, input = "is the sky blue" }, Ct);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync(Ct));
    }
}
