using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>A stream survives the death of the worker that writes it.</summary>
public sealed class ChatRecoveryTests
{
    private const int Tokens = 300;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, "never said at all")]
    public async Task WorkerKilled_InTheMiddleOfAStream_AnotherOneGoesOnBehindIt(int choices, string? stop)
    {
        await using var sut = await Platform.StartAsync(Settings);
        var body = Ask("Tell me a long story about a ship.", Tokens);
        (body["temperature"], body["seed"], body["ignore_eos"], body["n"], body["stop"]) = (1, 5, true, choices, stop);
        (body["stream"], body["logprobs"]) = (true, true);

        using var reply = await PostAsync(sut.Http, body);
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        var stream = new StringBuilder();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        for (var i = 0; i < 60; i++) stream.Append(await reader.ReadLineAsync(Ct)).Append('\n');
        await sut.Worker.KillAsync();
        var second = sut.StartWorker();
        stream.Append(await reader.ReadToEndAsync(Ct));
        var chunks = ChunksOf(stream.ToString());
        var job = await sut.EndOfAsync(id);

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(2, job.GetProperty("attempts").GetInt32());
        Assert.Equal(choices * Tokens, job.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        for (var i = 0; i < choices; i++)
        {
            Assert.Equal(ContentOf(job.GetProperty("output"), i), ContentOf(chunks, i));
            var said = chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
                .Where(choice => choice.GetProperty("index").GetInt32() == i).ToList();
            Assert.Single(said, choice => choice.GetProperty("delta").TryGetProperty("role", out _));
            Assert.Single(said, choice => choice.GetProperty("finish_reason").ValueKind != JsonValueKind.Null);
            Assert.Equal(Tokens, said.Sum(choice => choice.TryGetProperty("token_ids", out var ids) ? ids.GetArrayLength() : 0));
            Assert.Equal(
                Tokens,
                job.GetProperty("output").GetProperty("choices")[i].GetProperty("logprobs").GetProperty("content").GetArrayLength());
        }

        Assert.False(second.HasExited);
    }

    [Fact]
    public async Task WorkerKilled_InTheMiddleOfCompletions_AnotherOneGoesOnBehindThem()
    {
        await using var sut = await Platform.StartAsync(Settings);
        var body = new JsonObject
        {
            ["model"] = Model,
            ["prompt"] = new JsonArray("Once upon a time", "The ship was"),
            ["max_tokens"] = Tokens,
            ["stream"] = true,
            ["ignore_eos"] = true,
            ["logprobs"] = 1,
        };

        using var reply = await PostAsync(sut.Http, "/v1/completions", body);
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        var stream = new StringBuilder();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        for (var i = 0; i < 60; i++) stream.Append(await reader.ReadLineAsync(Ct)).Append('\n');
        await sut.Worker.KillAsync();
        sut.StartWorker();
        stream.Append(await reader.ReadToEndAsync(Ct));
        var chunks = ChunksOf(stream.ToString());
        var job = await sut.EndOfAsync(id);

        Assert.Equal(("succeeded", 2), (job.GetProperty("status").GetString(), job.GetProperty("attempts").GetInt32()));
        for (var i = 0; i < 2; i++)
        {
            var said = chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
                .Where(choice => choice.GetProperty("index").GetInt32() == i).ToList();
            var whole = job.GetProperty("output").GetProperty("choices")[i];
            Assert.Equal(whole.GetProperty("text").GetString(), string.Concat(said.Select(choice => choice.GetProperty("text").GetString())));
            Assert.Equal(Tokens, said.Sum(choice => choice.TryGetProperty("token_ids", out var ids) ? ids.GetArrayLength() : 0));
            var logprobs = said.Select(choice => choice.GetProperty("logprobs"))
                .Where(one => one.ValueKind == JsonValueKind.Object).ToList();
            foreach (var array in (string[])["tokens", "text_offset"])
            {
                var expected = whole.GetProperty("logprobs").GetProperty(array).EnumerateArray().Select(one => one.GetRawText()).ToList();
                Assert.Equal(Tokens, expected.Count);
                Assert.Equal(
                    expected, logprobs.SelectMany(one => one.GetProperty(array).EnumerateArray().Select(item => item.GetRawText())));
            }
        }
    }
}
