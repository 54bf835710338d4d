using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Benchmarks.Chat;
using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Structured;

/// <summary>
/// One run: streams of the product that must fit a schema, and free ones, in turn. Nothing runs beside what is measured.
/// </summary>
internal sealed class StructuredRun : IAsyncDisposable
{
    private const int Turns = 2;
    private const int Streams = 8;
    private const int StreamTokens = 64;
    private const int FirstTokens = 15;

    /// <summary>Schemas before what is measured, so that the runtime has compiled the code.</summary>
    private const int WarmUpSchemas = 15;

    /// <summary>More than a stream reads, with names and texts as people ask for.</summary>
    private const string Items = """
        {"type":"array","minItems":60,"maxItems":60,"items":{"type":"object","additionalProperties":false,
        "properties":{"title":{"type":"string","maxLength":60},"category":{"enum":["news","sport","culture","science"]},
        "summary":{"type":"string","maxLength":120},"sentiment":{"enum":["positive","negative","neutral"]},
        "score":{"type":"integer","minimum":0,"maximum":100}},"required":["title","category","summary","sentiment","score"]}}
        """;

    private readonly ChatPrompts _prompts = new(ChatRun.ModelFolder);
    private readonly ChatClient _free;
    private readonly ChatClient _bound;
    private readonly CancellationToken _cancel;
    private readonly ChildProcess[] _processes;
    private readonly int _port;
    private int _number;

    private StructuredRun(int port, ChildProcess[] processes, CancellationToken cancellationToken)
    {
        (_port, _processes, _cancel) = (port, processes, cancellationToken);
        _free = new ChatClient(port, ChatRun.Model);
        _bound = new ChatClient(port, ChatRun.Model) { ResponseFormat = FormatOf(Items) };
    }

    public static async Task<StructuredMeasurement> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync([], cancellationToken);
        await using var worker = await Product.StartInferenceWorkerAsync(redis, ChatRun.Model, [], cancellationToken);
        var port = FreePort.Next();
        await using var gateway = await Product.StartGatewayAsync(redis, port, ChatRun.Model, [], [], cancellationToken);
        await using var run = new StructuredRun(port, [redis.Process, worker, gateway], cancellationToken);
        return await run.MeasureAllAsync();
    }

    public ValueTask DisposeAsync()
    {
        _free.Dispose();
        _bound.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<StructuredMeasurement> MeasureAllAsync()
    {
        // What is warmed up are both ways.
        await StreamsAsync(_free, Streams);
        await StreamsAsync(_bound, Streams);
        for (var i = 0; i < WarmUpSchemas; i++) await FirstAsync(SchemaOf(++_number));

        var load = new MachineLoad(_processes);
        List<(double Free, double Bound, double OneFree, double OneBound)> rates = [];
        for (var i = 0; i < Turns; i++)
        {
            rates.Add((
                await StreamsAsync(_free, Streams), await StreamsAsync(_bound, Streams), await StreamsAsync(_free, 1),
                await StreamsAsync(_bound, 1)));
        }

        List<(double Free, double New, double Cached)> firsts = [];
        for (var i = 0; i < FirstTokens; i++)
        {
            var schema = SchemaOf(++_number);
            firsts.Add((await FirstAsync(null), await FirstAsync(schema), await FirstAsync(schema)));
        }

        return new StructuredMeasurement
        {
            Free = Median.Of(rates, one => one.Free),
            Bound = Median.Of(rates, one => one.Bound),
            OneFree = Median.Of(rates, one => one.OneFree),
            OneBound = Median.Of(rates, one => one.OneBound),
            ForcedPart = await ForcedPartAsync(),
            FirstFree = Median.Of(firsts, one => one.Free),
            FirstNew = Median.Of(firsts, one => one.New),
            FirstCached = Median.Of(firsts, one => one.Cached),
            OtherCores = load.OtherCores(),
        };
    }

    private async Task<double> StreamsAsync(ChatClient client, int streams)
    {
        var prompts = Enumerable.Range(0, streams).Select(_ => Next()).ToList();
        var times = await Task.WhenAll(prompts.Select(prompt => client.StreamAsync(prompt, StreamTokens, until: null, _cancel)));
        return StreamTimes.PerSecond(times, TimeProvider.System);
    }

    private async Task<double> FirstAsync(string? schema)
    {
        using var client = schema is null
            ? new ChatClient(_port, ChatRun.Model) : new ChatClient(_port, ChatRun.Model) { ResponseFormat = FormatOf(schema) };
        return (await client.StreamAsync(Next(), 1, until: null, _cancel)).MillisecondsToFirst;
    }

    /// <summary>The part of the tokens that is not chosen: those without likely others.</summary>
    private async Task<double> ForcedPartAsync()
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}") };
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"model":"{{ChatRun.Model}}","messages":{{Next().Messages}},"max_completion_tokens":{{StreamTokens}},"temperature":0,
            "logprobs":true,"top_logprobs":1,"response_format":{{FormatOf(Items)}}}
            """);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var reply = await http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, _cancel);
        if (!reply.IsSuccessStatusCode) throw new BenchmarkException($"A chat failed: {await reply.Content.ReadAsStringAsync(_cancel)}");
        var answer = await reply.Content.ReadFromJsonAsync<JsonElement>(_cancel);
        var tokens = answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray().ToList();
        return tokens.Count(token => token.GetProperty("top_logprobs").GetArrayLength() == 0) / (double)tokens.Count;
    }

    private ChatPrompts.Prompt Next() => _prompts.Make(ChatRun.ShortPrompt, ++_number);

    /// <summary>A schema that no other number has, whose first token is chosen.</summary>
    private static string SchemaOf(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $$$$"""
        {"anyOf":[{{{{Items}}}},{"type":"object","additionalProperties":false,"required":["p{{{{number}}}}","q"],"properties":{
        "p{{{{number}}}}":{"type":"string","format":"date-time"},"q":{"type":"string","pattern":"^[A-Z]{3}-[0-9]{4}$"}}}]}
        """);

    private static string FormatOf(string schema) =>
        $$$"""{"type":"json_schema","json_schema":{"name":"benchmark","schema":{{{schema}}}}}""";
}
