using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.EndToEnd.Chat;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.Cli;

/// <summary>Runs <c>jobs</c> against a real Gateway and a real worker.</summary>
public sealed class CliJobsTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Port => platform.Platform.Gateway.Address.Port.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task Follow_Chat_PrintsItsText()
    {
        var body = Ask("What is the capital of France?");
        var text = ContentOf(await platform.AnswerAsync(body));
        body["stream"] = true;
        var id = await SubmitAsync(body);

        await using var sut = Start("follow", id);

        Assert.Equal(0, await sut.EndAsync());
        Assert.Equal($"{text}\n", sut.Output);
        Assert.EndsWith("[succeeded]\n", sut.Errors, StringComparison.Ordinal);

        await using var json = Start("follow", id, "--json");
        Assert.Equal(0, await json.EndAsync());
        var events = json.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("kind").GetString()).ToList();
        Assert.Equal(("status", "done"), (events[0], events[^1]));
        Assert.Contains("output", events);
        Assert.Equal("", json.Errors);
    }

    [Fact]
    public async Task Show_EndedJob_HasItsOutput()
    {
        var body = Ask("What is the capital of Italy?");
        var text = ContentOf(await platform.AnswerAsync(body));
        var id = await SubmitAsync(body);
        await platform.Platform.EndOfAsync(id);

        await using var sut = Start("show", id);
        await using var json = Start("show", id, "--json");
        await using var list = Start("list", "--status", "succeeded", "--model", Model);

        Assert.Equal((0, 0, 0), (await sut.EndAsync(), await json.EndAsync(), await list.EndAsync()));
        Assert.StartsWith($"job        {id}\nstatus     succeeded\n", sut.Output, StringComparison.Ordinal);
        Assert.EndsWith($"\n\n{text}\n", sut.Output, StringComparison.Ordinal);
        var job = JsonDocument.Parse(json.Output).RootElement;
        Assert.Equal(
            text, job.GetProperty("output").GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Matches($@"(?m)^ *{id} *│ *succeeded *│ *{Model} *│ *default *│", list.Output);
    }

    [Fact]
    public async Task CancelAndRetry_WaitingJob_ChangeItsStatus()
    {
        await QueueAsync("pause");
        try
        {
            var id = await SubmitAsync(Ask("Hello!"));

            await using var cancel = Start("cancel", id, "job_01arz3ndektsv4rrffq69g5fav");
            Assert.Equal(1, await cancel.EndAsync());
            Assert.Equal($"{id} canceled\n", cancel.Output);
            Assert.StartsWith("error: ", cancel.Errors, StringComparison.Ordinal);
            Assert.Contains("job_01arz3ndektsv4rrffq69g5fav", cancel.Errors, StringComparison.Ordinal);
            await using var follow = Start("follow", id);
            Assert.Equal(1, await follow.EndAsync());
            Assert.Contains("error: The job is canceled.", follow.Errors, StringComparison.Ordinal);
            await using var retry = Start("retry", id);
            Assert.Equal(0, await retry.EndAsync());
            Assert.Equal($"{id} queued\n", retry.Output);
            await using var again = Start("retry", id);
            Assert.Equal(1, await again.EndAsync());
            await using var list = Start("list", "--json", "--status", "queued", "--limit", "1");
            Assert.Equal(0, await list.EndAsync());
            Assert.Equal(id, JsonDocument.Parse(list.Output).RootElement.GetProperty("id").GetString());
            await using var last = Start("cancel", id);
            Assert.Equal(0, await last.EndAsync());
        }
        finally
        {
            await QueueAsync("resume");
        }
    }

    [Fact]
    public async Task Url_WithAPath_IsRefused()
    {
        await using var sut = CliProcess.Start("jobs", "list", "--url", $"http://127.0.0.1:{Port}/ai");

        Assert.Equal(2, await sut.EndAsync());
        Assert.StartsWith("error: 'jobs' needs the Gateway's address without a path", sut.Errors, StringComparison.Ordinal);
    }

    private CliProcess Start(params string[] arguments) => CliProcess.Start(["jobs", .. arguments, "--port", Port]);

    private async Task<string> SubmitAsync(JsonObject body)
    {
        using var reply = await platform.Http.PostAsJsonAsync(
            "/v1/jobs", new JsonObject { ["endpoint"] = "/v1/chat/completions", ["body"] = body.DeepClone() }, Ct);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
    }

    private async Task QueueAsync(string change)
    {
        using var reply = await platform.Http.PostAsync(new Uri($"/v1/queues/{Model}/{change}", UriKind.Relative), content: null, Ct);
        reply.EnsureSuccessStatusCode();
    }
}
