using System.Text;
using System.Text.Json.Nodes;
using AiPlatform.Tests.Grammars;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>Answers of the shipped model that must fit something, over real HTTP, Redis and processes.</summary>
public sealed class ChatGrammarTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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
        await using var sut = await Platform.StartAsync(Settings);
        var body = Asking(items: 14, tokens: 900);
        (body["stream"], body["seed"]) = (true, 5);

        using var reply = await PostAsync(sut.Http, body);
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
        AssertFits(items: 14, ContentOf(chunks));
        Assert.Equal(ContentOf(job.GetProperty("output")), ContentOf(chunks));
        Assert.Equal("stop", FinishOf(job.GetProperty("output")));
        Assert.Equal(
            job.GetProperty("usage").GetProperty("completion_tokens").GetInt32(),
            chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
                .Sum(choice => choice.TryGetProperty("token_ids", out var ids) ? ids.GetArrayLength() : 0));
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
