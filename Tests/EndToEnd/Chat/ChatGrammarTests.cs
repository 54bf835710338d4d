using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.Grammars;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Answers of the shipped model that must fit something, over real HTTP, Redis and processes.</summary>
public sealed class ChatGrammarTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    [Fact]
    public async Task Chat_Schema_EveryChoiceFitsWhateverIsDrawn()
    {
        var body = Asking(items: 5, tokens: 400);
        (body["n"], body["seed"], body["frequency_penalty"], body["logprobs"], body["top_logprobs"]) = (3, 3, 0.5, true, 2);

        var answer = await platform.AnswerAsync(body);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("stop", FinishOf(answer, i));
            AssertFits(items: 5, ContentOf(answer, i));
            var likelihoods = answer.GetProperty("choices")[i].GetProperty("logprobs").GetProperty("content").EnumerateArray().ToList();
            var bytes = likelihoods.SelectMany(one => one.GetProperty("bytes").EnumerateArray().Select(value => value.GetByte()));
            Assert.Equal(ContentOf(answer, i), Encoding.UTF8.GetString([.. bytes]));
            // What nothing else could follow was not drawn.
            Assert.Contains(likelihoods, one =>
                one.GetProperty("logprob").GetDouble() == 0 && one.GetProperty("top_logprobs").GetArrayLength() == 0);
            Assert.Contains(likelihoods, one => one.GetProperty("top_logprobs").GetArrayLength() == 2);
        }

        Assert.True(answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32() >= 3 * 5 * 4);
    }

    [Fact]
    public async Task WorkerKilled_InTheMiddleOfAnAnswerThatMustFit_AnotherOneGoesOnAndItFits()
    {
        var body = Asking(items: 14, tokens: 900);
        body["seed"] = 5;

        var stream = await KillWorkerInTheMiddleAsync(platform.Platform, body);

        AssertFits(items: 14, ContentOf(stream.Chunks));
        Assert.Equal(ContentOf(stream.Output), ContentOf(stream.Chunks));
        Assert.Equal("stop", FinishOf(stream.Output));
        Assert.Equal(stream.Job.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), stream.TokensOf());
    }

    [Fact]
    public async Task WorkerKilled_InTheMiddleOfACall_AnotherOneGoesOnAndTheArgumentsFit()
    {
        var body = Ask("Save some cities, with their ranks.", tokens: 900);
        var parameters = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["cities"] = JsonNode.Parse(SchemaOf(14)) },
            ["required"] = new JsonArray("cities"),
        };
        var save = new JsonObject { ["name"] = "save", ["parameters"] = parameters };
        (body["temperature"], body["seed"], body["tool_choice"]) = (1, 5, "required");
        body["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = save });
        body["parallel_tool_calls"] = false;

        var stream = await KillWorkerInTheMiddleAsync(platform.Platform, body);

        var pieces = stream.Said().Select(choice => choice.GetProperty("delta"))
            .SelectMany(delta => delta.TryGetProperty("tool_calls", out var calls) ? calls.EnumerateArray().ToArray() : []).ToList();
        var arguments = string.Concat(pieces.Select(piece => piece.GetProperty("function").GetProperty("arguments").GetString()));
        var stored = stream.Output.GetProperty("choices")[0].GetProperty("message").GetProperty("tool_calls")[0];
        Assert.Single(pieces, piece => piece.TryGetProperty("id", out _));
        Assert.Equal("save", pieces[0].GetProperty("function").GetProperty("name").GetString());
        Assert.Equal(stored.GetProperty("id").GetString(), pieces[0].GetProperty("id").GetString());
        Assert.Equal(stored.GetProperty("function").GetProperty("arguments").GetString(), arguments);
        Assert.Equal(("tool_calls", 0), (FinishOf(stream.Output), ContentOf(stream.Chunks).Length));
        AssertFits(items: 14, JsonDocument.Parse(arguments).RootElement.GetProperty("cities").GetRawText());
        Assert.Equal(stream.Job.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), stream.TokensOf());
    }

    private static void AssertFits(int items, string text) =>
        Assert.True(Oracle.Fits(Json.Schema.JsonSchema.FromText(SchemaOf(items)), text), text);

    private static JsonObject Asking(int items, int tokens)
    {
        var body = Ask("Name cities, with their ranks.", tokens);
        body["temperature"] = 1;
        body["response_format"] = new JsonObject
        {
            ["type"] = "json_schema",
            ["json_schema"] = new JsonObject { ["name"] = "names", ["schema"] = JsonNode.Parse(SchemaOf(items)) },
        };
        return body;
    }

    private static string SchemaOf(int items) => $$$"""
        {"type":"array","minItems":{{{items}}},"maxItems":{{{items}}},"items":{"type":"object","additionalProperties":false,
        "properties":{"name":{"type":"string","minLength":8,"maxLength":40},"rank":{"type":"integer","minimum":1,"maximum":99}},
        "required":["name","rank"]} }
        """;
}
