using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Chat;

public sealed class ChatChunksTests
{
    private const string Model = "a \"model\"\n";
    private const string Likelihoods = """{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}""";

    private static readonly JobId Job = JobId.New(QueueName.ForModel("m"), DateTimeOffset.FromUnixTimeMilliseconds(1_795_896_000_999));

    private static ChatChunks Form { get; } = new(Job, Model, includesUsage: false);

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        var sut = new ChatChunks(Job, Model, includesUsage: true);
        const string Text = "line\nline \u2028 \"quoted\" \\ 😀 \0 <b>";

        var role = sut.ReadPiece(sut.Opening(2));
        var piece = sut.ReadPiece(sut.Piece(2, Text, [1, 49_151], Likelihoods));
        var end = sut.ReadPiece(sut.End(2, "length", [7], ""));
        var usage = sut.ReadPiece(sut.Usage(AnswerForm.WriteUsage(3, 1, 2)));

        Assert.Equal((2, "", null), (role.Choice, role.Text, role.FinishReason));
        Assert.Equal((2, Text, Likelihoods, null), (piece.Choice, piece.Text, piece.Likelihoods, piece.FinishReason));
        Assert.Equal([1, 49_151], piece.Tokens);
        Assert.Equal((2, "", "length"), (end.Choice, end.Text, end.FinishReason));
        Assert.Equal([7], end.Tokens);
        Assert.Null(usage.Choice);
    }

    [Fact]
    public void Write_EveryChunk_IsOneLineAndHasTheStreamsHead()
    {
        var sut = new ChatChunks(Job, Model, includesUsage: false);

        Assert.All([sut.Opening(0), sut.Piece(0, "a\nb", [], null), sut.End(0, "stop", [], null)], chunk =>
        {
            Assert.DoesNotContain(chunk, character => char.IsControl(character));
            var json = JsonDocument.Parse(chunk).RootElement;
            Assert.Equal($"chatcmpl-{Job.Key}", json.GetProperty("id").GetString());
            Assert.Equal(1_795_896_000, json.GetProperty("created").GetInt64());
            Assert.Equal(Model, json.GetProperty("model").GetString());
            Assert.False(json.TryGetProperty("usage", out _));
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"choices":[{}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":7}]}""")]
    [InlineData("""{"choices":[{"index":0.5,"delta":{},"logprobs":null,"finish_reason":null}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":null,"token_ids":["a"]}]}""")]
    public void Read_NoChunk_IsRefused(string json) => Assert.Throws<FormatException>(() => Form.ReadPiece(json));

    [Fact]
    public void ReadAnswer_WhatWasWritten_IsTheSame()
    {
        AnswerChoice[] choices = [new(0, "a \"b\"\n", "stop", null), new(1, "", "length", Likelihoods)];
        var usage = AnswerForm.WriteUsage(3, 1, 2);

        var json = Form.Whole(choices, usage);
        var answer = Form.ReadWhole(json);

        Assert.Equal(choices, answer.Choices);
        Assert.Equal(usage, answer.Usage);
        var root = JsonDocument.Parse(json).RootElement;
        Assert.Equal(("chat.completion", Model), (root.GetProperty("object").GetString(), root.GetProperty("model").GetString()));
        Assert.Equal(5, root.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public void ReadAnswer_WithCalls_IsTheSame()
    {
        AnswerChoice choice = new(1, "", "tool_calls", null) { Calls = [new("f", """{"a":"\n"}"""), new("g", "{}")] };

        var json = Form.Whole([choice], AnswerForm.WriteUsage(3, 1, 2));
        var answer = Assert.Single(Form.ReadWhole(json).Choices);

        Assert.Equal(choice.Calls, answer.Calls);
        Assert.Equal(("", "tool_calls"), (answer.Text, answer.FinishReason));
        var message = JsonDocument.Parse(json).RootElement.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(JsonValueKind.Null, message.GetProperty("content").ValueKind);
        Assert.Equal("function", message.GetProperty("tool_calls")[1].GetProperty("type").GetString());
        Assert.Equal(2, message.GetProperty("tool_calls").EnumerateArray().Select(call => call.GetProperty("id").GetString()).Distinct().Count());
    }

    [Fact]
    public void Calls_Pieces_HaveTheHeadOnceAndTheIdOfTheWhole()
    {
        var json = Form.Calls(0, [new(0, "f", ""), new(0, null, "{\"a\":")], [5], null);

        var choice = JsonDocument.Parse(json).RootElement.GetProperty("choices")[0];
        var calls = choice.GetProperty("delta").GetProperty("tool_calls");
        var whole = Form.Whole([new(0, "", "tool_calls", null) { Calls = [new("f", "{}")] }], AnswerForm.WriteUsage(1, 0, 1));
        var message = JsonDocument.Parse(whole).RootElement.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(message.GetProperty("tool_calls")[0].GetProperty("id").GetString(), calls[0].GetProperty("id").GetString());
        var head = calls[0].GetProperty("function");
        Assert.Equal(("f", ""), (head.GetProperty("name").GetString(), head.GetProperty("arguments").GetString()));
        Assert.Equal("{\"a\":", calls[1].GetProperty("function").GetProperty("arguments").GetString());
        Assert.False(calls[1].TryGetProperty("id", out _));
        var piece = Form.ReadPiece(json);
        Assert.True(piece.HasCalls);
        Assert.Equal([5], piece.Tokens);
        Assert.Null(piece.FinishReason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"usage":{},"choices":[]}""")]
    [InlineData("""{"usage":{},"choices":[{"index":0,"message":{"content":7}}]}""")]
    [InlineData("""{"usage":{},"choices":[{"index":0,"message":{"content":null},"finish_reason":"stop","logprobs":null}]}""")]
    [InlineData("""{"usage":{},"choices":[{"index":0,"message":{"content":"a"},"finish_reason":null,"logprobs":null}]}""")]
    public void ReadAnswer_NoAnswer_IsRefused(string json) =>
        Assert.Throws<FormatException>(() => Form.ReadWhole(Encoding.UTF8.GetBytes(json)));
}
