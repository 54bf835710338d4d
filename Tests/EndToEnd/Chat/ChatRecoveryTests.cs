using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>A stream survives the death of the worker that writes it.</summary>
public sealed class ChatRecoveryTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private const int Tokens = 300;

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, "never said at all")]
    public async Task WorkerKilled_InTheMiddleOfAStream_AnotherOneGoesOnBehindIt(int choices, string? stop)
    {
        var body = Ask("Tell me a long story about a ship.", Tokens);
        (body["temperature"], body["seed"], body["ignore_eos"], body["n"], body["stop"]) = (1, 5, true, choices, stop);
        body["logprobs"] = true;

        var stream = await KillWorkerInTheMiddleAsync(platform.Platform, body);

        Assert.Equal(choices * Tokens, stream.Job.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        for (var i = 0; i < choices; i++)
        {
            Assert.Equal(ContentOf(stream.Output, i), ContentOf(stream.Chunks, i));
            Assert.Single(stream.Said(i), choice => choice.GetProperty("delta").TryGetProperty("role", out _));
            Assert.Single(stream.Said(i), choice => choice.GetProperty("finish_reason").ValueKind != JsonValueKind.Null);
            Assert.Equal(Tokens, stream.TokensOf(i));
            Assert.Equal(
                Tokens, stream.Output.GetProperty("choices")[i].GetProperty("logprobs").GetProperty("content").GetArrayLength());
        }
    }

    [Fact]
    public async Task WorkerKilled_InTheMiddleOfCompletions_AnotherOneGoesOnBehindThem()
    {
        var body = new JsonObject
        {
            ["model"] = Model,
            ["prompt"] = new JsonArray("Once upon a time", "The ship was"),
            ["max_tokens"] = Tokens,
            ["ignore_eos"] = true,
            ["logprobs"] = 1,
        };

        var stream = await KillWorkerInTheMiddleAsync(platform.Platform, body, "/v1/completions");

        for (var i = 0; i < 2; i++)
        {
            var said = stream.Said(i);
            var whole = stream.Output.GetProperty("choices")[i];
            Assert.Equal(whole.GetProperty("text").GetString(), string.Concat(said.Select(choice => choice.GetProperty("text").GetString())));
            Assert.Equal(Tokens, stream.TokensOf(i));
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
