using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>A language model is replaced while a worker runs it.</summary>
public sealed class ChatModelChangesTests : IAsyncLifetime
{
    private const int Replacements = 4;
    private const int FirstTokens = 2_000;

    /// <summary>
    /// What two versions took at once stays in part with the process, about 130 MiB after five of them. Versions that stayed would take
    /// their weights (94 MiB each) and their keys and values at least, which is 470 MiB and more.
    /// </summary>
    private const long Tolerance = 250L << 20;

    private readonly TemporaryFolder _folder = new();
    private Platform _platform = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Models => Path.Combine(_folder.Path, "models");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Models);
        Replace(Prepare(FirstTokens));
        _platform = await Platform.StartAsync(
            [.. Settings, ("Models__Path", Models), ("Models__WatchInterval", "00:00:00.2"), ("Jobs__HeartbeatTtl", "00:00:03"),
                ("Generation__MemoryMiB", "128")]);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Replace_DuringAStream_EndsItWholeAndGivesTheMemoryBack()
    {
        const int Tokens = 1_500;
        await RefusedLengthAsync(FirstTokens);
        var before = await MemoryAsync();
        var body = Ask("Tell me a long story about a ship.", Tokens);
        (body["stream"], body["ignore_eos"]) = (true, true);
        using var reply = await PostAsync(_platform.Http, body);
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        var stream = new StringBuilder().Append(await reader.ReadLineAsync(Ct)).Append('\n');

        Replace(Prepare(300));
        await UntilServedAsync(300);
        await RefusedLengthAsync(300);
        var during = JsonDocument.Parse(await _platform.Http.GetStringAsync($"/v1/jobs/{id}", Ct)).RootElement;
        stream.Append(await reader.ReadToEndAsync(Ct));
        var job = await _platform.EndOfAsync(id);

        Assert.Equal("running", during.GetProperty("status").GetString());
        Assert.Equal(("succeeded", 1), (job.GetProperty("status").GetString(), job.GetProperty("attempts").GetInt32()));
        Assert.Equal(Tokens, job.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(ContentOf(job.GetProperty("output")), ContentOf(ChunksOf(stream.ToString())));
        await UntilUnloadedAsync(1);

        for (var i = 1; i <= Replacements; i++)
        {
            Replace(Prepare(300 + i));
            await UntilServedAsync(300 + i);
            await RefusedLengthAsync(300 + i);
            await UntilUnloadedAsync(1 + i);
        }

        long after = 0;
        await Poll.UntilAsync(
            async () => (after = await MemoryAsync()) < before + Tolerance, () => $"{before >> 20} MiB are {after >> 20} MiB at most");
        TestContext.Current.TestOutputHelper?.WriteLine($"{before >> 20} MiB before, {after >> 20} MiB after {Replacements} replacements");
    }

    public async ValueTask DisposeAsync()
    {
        await _platform.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A version of the model with room for so many tokens, in a folder that no worker sees.</summary>
    private string Prepare(int tokens)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, tokens.ToString(CultureInfo.InvariantCulture))).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Checkout.Models, Model)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model.json")))!;
        manifest["max_tokens"] = tokens;
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());
        return folder;
    }

    private void Replace(string version)
    {
        var served = Path.Combine(Models, Model);
        if (Directory.Exists(served)) Directory.Move(served, $"{version}.old");
        Directory.Move(version, served);
    }

    private Task UntilServedAsync(int tokens) => Poll.UntilAsync(
        async () => JsonDocument.Parse(await _platform.Http.GetStringAsync($"/v1/models/{Model}", Ct)).RootElement
            .GetProperty("max_model_len").GetInt32() == tokens,
        $"the version with {tokens} tokens is served");

    private Task UntilUnloadedAsync(int versions) => Poll.UntilAsync(
        () => _platform.Worker.LogText.Split($"A version of model {Model} is unloaded").Length == 1 + versions,
        $"{versions} versions are unloaded");

    /// <summary>Only the worker knows how many tokens a text has: its refusal says which version it runs.</summary>
    private async Task RefusedLengthAsync(int tokens)
    {
        using var answered = await PostAsync(_platform.Http, Ask("Hello!", tokens: 4));
        using var refused = await PostAsync(_platform.Http, Ask(string.Concat(Enumerable.Repeat("word ", tokens)), tokens: 4));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (answered.StatusCode, refused.StatusCode));
        Assert.Contains($"has room for {tokens} tokens", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    /// <summary>The memory of the worker that is in use: its resident set, in bytes.</summary>
    private async Task<long> MemoryAsync()
    {
        var line = (await File.ReadAllLinesAsync($"/proc/{_platform.Worker.Id}/status", Ct)).Single(
            one => one.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
