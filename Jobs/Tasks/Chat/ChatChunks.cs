using System.Text.Json;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>
/// OpenAI's answers to chats. Likelihoods are the objects of <c>logprobs.content</c> with commas between, without the array's brackets.
/// </summary>
public sealed class ChatChunks(JobId job, string model, bool includesUsage)
    : AnswerForm(job, model, includesUsage, "chatcmpl-", "chat.completion", "chat.completion.chunk")
{
    private const string Role = """
        "delta":{"role":"assistant","content":""}
        """;

    private readonly string _job = job.Key;

    public override string Opening(int choice) => Chunk(choice, Role, null, null, null);

    public override string Join(IEnumerable<string> likelihoods) => string.Join(',', likelihoods.Where(one => one.Length > 0));

    protected override string ChunkText(string text) =>
        text.Length == 0 ? "\"delta\":{}" : $"\"delta\":{{\"content\":{Text(text)}}}";

    protected override string ChunkCalls(int choice, IReadOnlyList<AnswerCallPiece> calls)
    {
        var pieces = calls.Select(call => call.Name is { } name
            ? $$"""{"index":{{call.Index}},{{CallHead(choice, call.Index)}},{{Function(name, call.Arguments)}}}"""
            : $$$"""{"index":{{{call.Index}}},"function":{"arguments":{{{Text(call.Arguments)}}}}}""");
        return $$"""
            "delta":{"tool_calls":[{{string.Join(',', pieces)}}]}
            """;
    }

    protected override string WholeText(AnswerChoice choice)
    {
        var calls = choice.Calls.Select(
            (call, i) => $$"""{{{CallHead(choice.Index, i)}},{{Function(call.Name, call.Arguments)}}}""");
        var (text, toolCalls) = choice.Calls.Count == 0 ? (Text(choice.Text), "")
            : (choice.Text.Length > 0 ? Text(choice.Text) : "null", $",\"tool_calls\":[{string.Join(',', calls)}]");
        return $$"""
            "message":{"role":"assistant","content":{{text}},"refusal":null{{toolCalls}}}
            """;
    }

    protected override string Logprobs(string likelihoods) => $$"""{"content":[{{likelihoods}}],"refusal":null}""";

    protected override JsonElement? TextOfChunk(JsonElement choice) =>
        choice.GetProperty("delta").TryGetProperty("content", out var text) ? text : null;

    protected override JsonElement TextOfWhole(JsonElement choice) => choice.GetProperty("message").GetProperty("content");

    protected override bool HasCalls(JsonElement choice) => choice.GetProperty("delta").TryGetProperty("tool_calls", out _);

    protected override IReadOnlyList<AnswerCall> CallsOfWhole(JsonElement choice) =>
        choice.GetProperty("message").TryGetProperty("tool_calls", out var calls)
            ? [.. calls.EnumerateArray().Select(call => call.GetProperty("function")).Select(
                function => new AnswerCall(TextOf(function.GetProperty("name")), TextOf(function.GetProperty("arguments"))))]
            : [];

    protected override string? LikelihoodsOfLogprobs(JsonElement logprobs) =>
        logprobs.GetProperty("content") is { ValueKind: JsonValueKind.Array } tokens ? tokens.GetRawText()[1..^1] : null;

    private static string Function(string name, string arguments) => $$"""
        "function":{"name":{{Text(name)}},"arguments":{{Text(arguments)}}}
        """;

    /// <summary>Each attempt of a job, and whoever reads its answer again, gives a call the same id.</summary>
    private string CallHead(int choice, int call) => $$"""
        "id":"call_{{_job}}_{{choice}}_{{call}}","type":"function"
        """;
}
