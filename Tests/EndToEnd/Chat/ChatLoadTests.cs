using System.Net;
using System.Text.Json;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Many streams at once, clients that disconnect or do not read, and a Gateway that dies.</summary>
public sealed class ChatLoadTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private const int Streams = 50;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// A client that stays gets the same text as alone, as far as that is clear, and a client that disconnects leaves nothing behind.
    /// </summary>
    [Fact]
    public async Task FiftyStreams_SomeOfWhichLeave_AllOthersAreWholeAndNothingStays()
    {
        var alone = new Dictionary<int, string>();
        for (var i = 0; i < 5; i++)
        {
            var body = Ask(QuestionOf(i), tokens: 20);
            (body["logprobs"], body["top_logprobs"]) = (true, 2);
            alone[i] = ClearTextOf(await platform.StreamAsync(body));
        }

        Assert.InRange(alone.Values.Sum(text => text.Length), 100, int.MaxValue);

        var random = new Random(7);
        var lines = Enumerable.Range(0, Streams).Select(i => i % 3 == 0 ? random.Next(2, 30) : int.MaxValue).ToArray();
        var texts = await Task.WhenAll(lines.Select((most, i) => ReadAsync(QuestionOf(i % 5), most)));

        for (var i = 0; i < Streams; i++)
            if (lines[i] == int.MaxValue) Assert.StartsWith(alone[i % 5], texts[i], StringComparison.Ordinal);
        await UntilNothingRunsAsync(platform.Http);
        var queues = JsonDocument.Parse(await platform.Http.GetStringAsync(new Uri("/v1/queues", UriKind.Relative), Ct)).RootElement;
        Assert.All(queues.GetProperty("data").EnumerateArray(), queue => Assert.Equal(0, queue.GetProperty("depth").GetInt32()));
        Assert.StartsWith(alone[0], ContentOf(await platform.StreamAsync(Ask(QuestionOf(0), tokens: 20))), StringComparison.Ordinal);
    }

    /// <summary>A client that does not read does not slow others, and gets its whole stream when it reads again.</summary>
    [Fact]
    public async Task SlowReader_OthersGoOnAndItLosesNothing()
    {
        var body = Ask("Count to a thousand.", tokens: 400);
        (body["stream"], body["ignore_eos"], body["logprobs"], body["top_logprobs"]) = (true, true, true, 20);
        using var slow = await PostAsync(platform.Http, body);

        var others = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => platform.StreamAsync(Ask(QuestionOf(1), tokens: 16))));
        await platform.Platform.EndOfAsync(slow.Headers.GetValues("X-Job-Id").Single());
        var chunks = ChunksOf(await slow.Content.ReadAsStringAsync(Ct));

        Assert.All(others, other => Assert.Equal(ContentOf(others[0]), ContentOf(other)));
        Assert.Equal(
            400,
            chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
                .Where(choice => choice.GetProperty("logprobs").ValueKind == JsonValueKind.Object)
                .Sum(choice => choice.GetProperty("logprobs").GetProperty("content").GetArrayLength()));
    }

    /// <summary>Every Gateway serves the events of the job, so a client continues after the last event that it received.</summary>
    [Fact]
    public async Task GatewayKilled_InTheMiddleOfAStream_GoesOnAtAnotherOne()
    {
        await using var sut = await Platform.StartAsync(Settings);
        var second = sut.StartGateway();
        using var http = new HttpClient { BaseAddress = second.Address };
        await second.UntilReadyAsync(http);
        var body = Ask("Tell me a long story about a ship.", tokens: 200);
        (body["ignore_eos"], body["stream"]) = (true, true);

        using var reply = await PostAsync(sut.Http, body);
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        List<JsonElement> seen = [];
        while (seen.Count < 20)
        {
            var line = await reader.ReadLineAsync(Ct);
            if (line!.StartsWith("data: ", StringComparison.Ordinal)) seen.Add(JsonDocument.Parse(line["data: ".Length..]).RootElement);
        }

        await sut.Gateway.KillAsync();

        var events = await OutputsAsync(http, id, after: null);
        var rest = await OutputsAsync(http, id, after: events[19].Id);
        using var end = await http.GetAsync(new Uri($"/v1/jobs/{id}?wait=60", UriKind.Relative), Ct);
        var job = JsonDocument.Parse(await end.Content.ReadAsStringAsync(Ct)).RootElement;

        Assert.Equal((HttpStatusCode.OK, "succeeded"), (end.StatusCode, job.GetProperty("status").GetString()));
        Assert.Equal(ContentOf(job.GetProperty("output")), ContentOf([.. seen, .. rest.Select(one => one.Chunk)]));
    }

    private static string QuestionOf(int number) => $"What comes after the number {number}?";

    /// <summary>Reads a stream, or disconnects after some lines.</summary>
    private async Task<string> ReadAsync(string question, int mostLines)
    {
        var body = Ask(question, tokens: 20);
        body["stream"] = true;
        using var reply = await PostAsync(platform.Http, body);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        List<string> lines = [];
        while (lines.Count < mostLines && await reader.ReadLineAsync(Ct) is { } line) lines.Add(line);
        return lines.Count < mostLines ? ContentOf(ChunksOf(string.Join('\n', lines) + '\n')) : "";
    }

    /// <summary>The pieces of a job's output until its end.</summary>
    private static async Task<List<(string Id, JsonElement Chunk)>> OutputsAsync(HttpClient http, string job, string? after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{job}/events");
        if (after is not null) request.Headers.Add("Last-Event-ID", after);
        using var reply = await http.SendAsync(request, Ct);
        List<(string Id, JsonElement Chunk)> outputs = [];
        foreach (var one in (await reply.Content.ReadAsStringAsync(Ct)).Split("\n\n"))
        {
            var fields = one.Split('\n').Select(line => line.Split(": ", 2)).Where(pair => pair.Length == 2)
                .ToDictionary(pair => pair[0], pair => pair[1]);
            if (fields.GetValueOrDefault("event") == "output") outputs.Add((fields["id"], JsonDocument.Parse(fields["data"]).RootElement));
        }

        return outputs;
    }
}
