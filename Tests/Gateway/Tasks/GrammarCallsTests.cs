using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Tasks;

/// <summary>Requests that ask a model of our own workers for answers of a form, good and hostile ones.</summary>
public sealed class GrammarCallsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly Dictionary<string, string> Formats = new()
    {
        ["1 MB of names"] = Schema("{\"type\":\"object\",\"properties\":{" + Many(40_000, i => $"\"name-{i:D8}\":{{}}") + "}}"),
        ["100,000 values"] = Schema("{\"enum\":[" + Many(100_000, i => $"{i}") + "]}"),
        ["20,000 texts"] = Schema("{\"enum\":[" + Many(20_000, i => $"\"text {i}\"") + "]}"),
        ["a reference to itself"] = Schema("""{"$ref":"#"}"""),
        ["references in a circle"] = Schema("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}"""),
        ["an array of itself"] = Schema("""{"type":"array","minItems":1,"items":{"$ref":"#"}}"""),
        ["alternatives of alternatives"] = Schema("{\"allOf\":[" + Many(40, i => "{\"anyOf\":[" + Many(40, j => $$"""{"minLength":{{i}},"maxLength":{{100 + j}} }""") + "]}") + "]}"),
        ["an exponential pattern"] = Schema("""{"type":"string","pattern":"^(([a-z]+)+)+$"}"""),
        ["a pattern of many states"] = Schema("""{"type":"string","pattern":"^[ab]*a[ab]{200}$"}"""),
        ["repetitions of repetitions"] = """{"type":"regex","regex":"((((a{0,99}){0,99}){0,99}){0,99})"}""",
        ["an ambiguous expression"] = """{"type":"regex","regex":"(a|a|aa|aaa)*b"}""",
        ["long lists"] = Schema("""{"type":"array","minItems":9999,"maxItems":10000,"items":{"type":"array","minItems":9999,"maxItems":10000}}"""),
        ["rules in a circle"] = """{"type":"grammar","grammar":"start: a\na: b\nb: a | \"x\""}""",
        ["ambiguous rules"] = """{"type":"grammar","grammar":"start: a a a a a a a a\na: \"x\"*"}""",
        ["deep groups"] = "{\"type\":\"grammar\",\"grammar\":\"start: " + new string('(', 50_000) + "\"}",
        ["a schema in rules that is none"] = """{"type":"grammar","grammar":"start: %json {\"type\":\"nothing\"}"}""",
    };

    public static TheoryData<string> Hostile { get; } = [.. Formats.Keys];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Chat_HostileFormat_Is400OrIsRunWhileOthersAreServed(string name)
    {
        var format = Formats[name];
        await using var sut = await StartAsync();
        await sut.Gateway.UntilReadyAsync();

        var asked = sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body($"\"response_format\":{format}"));
        using var health = await sut.Gateway.Client.GetAsync(new Uri("/health", UriKind.Relative), Ct);
        using var reply = await asked;

        Assert.True((int)health.StatusCode == 200, name);
        Assert.True((int)reply.StatusCode is 200 or 400, $"{name}: {reply.StatusCode} {await reply.Content.ReadAsStringAsync(Ct)}");
        if ((int)reply.StatusCode == 400)
            Assert.StartsWith("response_format.", (await ErrorOf(reply)).Param, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,000 levels", 1_000)]
    [InlineData("10,000 levels", 10_000)]
    public async Task Chat_DeepSchema_Is400(string name, int levels)
    {
        await using var sut = await StartAsync();
        var schema = string.Concat(Enumerable.Repeat("{\"items\":", levels)) + "{}" + new string('}', levels);

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body($"\"response_format\":{Schema(schema)}"));

        Assert.True((int)reply.StatusCode == 400, name);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","uniqueItems":true}}}""", "uniqueItems")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","pattern":"(?=a)"}}}""", "pattern")]
    public async Task Chat_WhatCannotBeGuaranteed_Is400ThatNamesKeywordAndPlace(string schema, string keyword)
    {
        await using var sut = await StartAsync();

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body($"\"response_format\":{Schema(schema)}"));
        using var job = await sut.Gateway.PostTextAsync(
            "/v1/jobs", $$"""{"endpoint":"/v1/chat/completions","body":{{sut.Body($"\"response_format\":{Schema(schema)}")}}}""");

        var (param, message) = await ErrorOf(reply);
        Assert.Equal((400, 400, "response_format.json_schema.schema"), ((int)reply.StatusCode, (int)job.StatusCode, param));
        Assert.Contains(keyword, message, StringComparison.Ordinal);
        Assert.Contains("/properties/a", message, StringComparison.Ordinal);
        Assert.Contains("body.response_format.json_schema.schema", await job.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"integer","minimum":2,"maximum":1}""")]
    [InlineData("""{"not":{}}""")]
    [InlineData("""{"type":"object","required":["a"],"properties":{"a":false}}""")]
    public async Task Chat_SchemaThatNothingFits_Is400(string schema)
    {
        await using var sut = await StartAsync();

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body($"\"response_format\":{Schema(schema)}"));

        Assert.Equal((400, "response_format.json_schema.schema"), ((int)reply.StatusCode, (await ErrorOf(reply)).Param));
    }

    [Fact]
    public async Task Chat_ToolWhoseParametersCannotBeGuaranteed_IsNamed()
    {
        await using var sut = await StartAsync();
        const string Tools = """
            "tools":[{"type":"function","function":{"name":"a"}},
              {"type":"function","function":{"name":"b","parameters":{"type":"object","properties":{"x":{"contains":{}}}}}}]
            """;

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body(Tools));

        var (param, message) = await ErrorOf(reply);
        Assert.Equal((400, "tools[1].function.parameters"), ((int)reply.StatusCode, param));
        Assert.Contains("contains", message, StringComparison.Ordinal);
    }

    /// <summary>What is too much together is not tried one by one.</summary>
    [Fact]
    public async Task Chat_ToolsThatTakeTooMuchWork_AreRefusedTogether()
    {
        await using var sut = await StartAsync();
        var tools = Many(128, i => $$$"""{"type":"function","function":{"name":"t{{{i}}}","parameters":PARAMETERS}}""")
            .Replace("PARAMETERS", """{"properties":{"a":{"type":"string","pattern":"^[ab]*a[ab]{10}$"}}}""", StringComparison.Ordinal);

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body($"\"tools\":[{tools}]"));

        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True((int)reply.StatusCode == 400 && text.Contains("\"param\":\"tools\"", StringComparison.Ordinal), text);
    }

    [Theory]
    [InlineData(128, 200)]
    [InlineData(5_000, 400)]
    public async Task Chat_ManyTools_AreTakenOrRefused(int count, int status)
    {
        await using var sut = await StartAsync();
        const string Tool = """
            {"type":"function","function":{"name":"tool-INDEX","parameters":{"type":"object","properties":{
              "a":{"type":"string","maxLength":40},"b":{"type":"integer"},"c":{"enum":["x","y"]},"d":{"type":"array","items":{"type":"number"}}}}}}
            """;
        var tools = Many(count, i => Tool.Replace("INDEX", $"{i}", StringComparison.Ordinal));

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body($"\"tools\":[{tools}]"));

        Assert.True((int)reply.StatusCode == status, await reply.Content.ReadAsStringAsync(Ct));
    }

    /// <summary>A stream whose log is there no more is written from the stored answer.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_CallsOfAStoredAnswer_AreTheSameWholeAndStreamed(bool streams)
    {
        await using var sut = await StartAsync(
            (worker, job) => worker.SucceedWithTextAsync(job, "", "tool_calls", new("f", """{"a":1}"""), new("f", "{}")));

        const string Tools = """
            "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]
            """;
        using var reply = await sut.Gateway.PostTextAsync(
            "/v1/chat/completions", sut.Body($"\"stream\":{(streams ? "true" : "false")},{Tools}"));

        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True((int)reply.StatusCode == 200, text);
        var answers = streams ? SseText.DataOf(text).SkipLast(1) : [text];
        var choices = answers.Select(one => JsonDocument.Parse(one).RootElement.GetProperty("choices")[0]).ToList();
        var calls = choices.Select(choice => choice.GetProperty(streams ? "delta" : "message"))
            .SelectMany(said => said.TryGetProperty("tool_calls", out var some) ? some.EnumerateArray().ToArray() : []).ToList();
        Assert.Equal(["{\"a\":1}", "{}"], calls.Select(call => call.GetProperty("function").GetProperty("arguments").GetString()));
        Assert.All(calls, call => Assert.Matches("^call_[0-9a-z]{26}_0_[01]$", call.GetProperty("id").GetString()));
        Assert.Equal("tool_calls", choices[^1].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Chat_Format_GoesToTheWorkerAsItWasSent()
    {
        await using var sut = await StartAsync(async (worker, job) =>
        {
            var (call, _) = ChatRequestParser.Parse(job.Body.Span);
            await worker.SucceedWithTextAsync(job, call!.Grammar!.Text.Replace("\"", "'", StringComparison.Ordinal));
        });

        using var reply = await sut.Gateway.PostTextAsync("/v1/chat/completions", sut.Body("\"response_format\":{\"type\":\"json_object\"}"));

        Assert.Contains("{'type':'object'}", await reply.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    private static string Many(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));

    private static string Schema(string schema) =>
        "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":" + schema + "}}";

    private static async Task<(string? Param, string Message)> ErrorOf(HttpResponseMessage reply)
    {
        var error = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("error");
        return (error.GetProperty("param").GetString(), error.GetProperty("message").GetString()!);
    }

    private async Task<Served> StartAsync(Func<FakeWorker, LeasedJob, Task>? run = null)
    {
        var gateway = await GatewayHost.StartAsync(redis, "Gateway:MaxBodyBytes=8388608");
        var model = RedisServer.Unique("chat");
        await gateway.ServeAsync(model, dimensions: null, ChatTask.Kind);
        return new Served(gateway, FakeWorker.Start(gateway, model, run), model);
    }

    private sealed record Served(GatewayHost Gateway, FakeWorker Worker, string Model) : IAsyncDisposable
    {
        public string Body(string fields) => $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"hi"}],{{fields}}}""";

        public async ValueTask DisposeAsync()
        {
            await Worker.DisposeAsync();
            await Gateway.DisposeAsync();
        }
    }
}
