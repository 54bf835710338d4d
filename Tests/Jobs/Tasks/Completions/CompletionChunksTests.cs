using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Generation;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Completions;

public sealed class CompletionChunksTests
{
    private const string Model = "a \"model\"\n";
    private const string First = """{"tokens":["a"],"token_logprobs":[-0.5],"top_logprobs":[{"a":-0.5}],"text_offset":[0]}""";
    private const string Second = """{"tokens":["b","]"],"token_logprobs":[-1,-2],"top_logprobs":[{},{}],"text_offset":[1,2]}""";

    private static readonly JobId Job = JobId.New(QueueName.ForModel("m"), DateTimeOffset.FromUnixTimeMilliseconds(1_795_896_000_999));

    private static CompletionChunks Sut { get; } = new(Job, Model, includesUsage: true);

    [Fact]
    public void ReadPiece_WhatWasWritten_IsTheSame()
    {
        const string Text = "line\nline \u2028 \"quoted\" \\ 😀 \0 <b>";

        var piece = Sut.ReadPiece(Sut.Piece(2, Text, [1, 49_151], First));
        var end = Sut.ReadPiece(Sut.End(2, "length", [7], ""));

        Assert.Null(Sut.Opening(0));
        Assert.Equal((2, Text, First, null), (piece.Choice, piece.Text, piece.Likelihoods, piece.FinishReason));
        Assert.Equal([1, 49_151], piece.Tokens);
        Assert.Equal((2, "", "", "length"), (end.Choice, end.Text, end.Likelihoods, end.FinishReason));
        Assert.Equal([7], end.Tokens);
        Assert.Null(Sut.ReadPiece(Sut.Usage(AnswerForm.WriteUsage(3, 1, 2))).Choice);
    }

    [Fact]
    public void Piece_IsOneLineOfOpenAIsForm()
    {
        var json = Sut.Piece(1, "a\nb", [5], null);

        Assert.DoesNotContain(json, character => char.IsControl(character));
        var chunk = JsonDocument.Parse(json).RootElement;
        Assert.Equal(
            ($"cmpl-{Job.Key}", "text_completion"), (chunk.GetProperty("id").GetString(), chunk.GetProperty("object").GetString()));
        Assert.Equal((1_795_896_000, Model), (chunk.GetProperty("created").GetInt64(), chunk.GetProperty("model").GetString()));
        Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind);
        Assert.Equal(
            """{"index":1,"text":"a\nb","logprobs":null,"finish_reason":null,"token_ids":[5]}""", chunk.GetProperty("choices")[0].GetRawText());
    }

    [Fact]
    public void Join_LikelihoodsThatFollowOneAnother_AreOne()
    {
        var joined = JsonDocument.Parse(Sut.Join([First, "", Second])).RootElement;

        Assert.Equal(["a", "b", "]"], joined.GetProperty("tokens").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal([-0.5, -1, -2], joined.GetProperty("token_logprobs").EnumerateArray().Select(one => one.GetDouble()));
        Assert.Equal(3, joined.GetProperty("top_logprobs").GetArrayLength());
        Assert.Equal([0, 1, 2], joined.GetProperty("text_offset").EnumerateArray().Select(one => one.GetInt32()));
        Assert.Equal("""{"tokens":[],"token_logprobs":[],"top_logprobs":[],"text_offset":[]}""", Sut.Join([]));
    }

    [Fact]
    public void ReadWhole_WhatWasWritten_IsTheSame()
    {
        AnswerChoice[] choices = [new(0, "a \"b\"\n", "stop", null), new(1, "", "length", Second)];
        var usage = AnswerForm.WriteUsage(3, 1, 2);

        var json = Sut.Whole(choices, usage);
        var answer = Sut.ReadWhole(json);

        Assert.Equal(choices, answer.Choices);
        Assert.Equal(usage, answer.Usage);
        Assert.Equal("text_completion", JsonDocument.Parse(json).RootElement.GetProperty("object").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"usage":{},"choices":[]}""")]
    [InlineData("""{"usage":{},"choices":[{"index":0,"text":7,"finish_reason":"stop","logprobs":null}]}""")]
    [InlineData("""{"usage":{},"choices":[{"index":0,"text":"a","finish_reason":"stop","logprobs":{"tokens":[]}}]}""")]
    [InlineData("""{"usage":{},"choices":[{"index":0,"text":"a","finish_reason":"stop","logprobs":{"tokens":7}}]}""")]
    public void ReadWhole_NoAnswer_IsRefused(string json) =>
        Assert.Throws<FormatException>(() => Sut.ReadWhole(Encoding.UTF8.GetBytes(json)));
}
