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

    public override string Opening(int choice) => Chunk(choice, Role, null, null, null);

    public override string Join(IEnumerable<string> likelihoods) => string.Join(',', likelihoods.Where(one => one.Length > 0));

    protected override string ChunkText(string text) =>
        text.Length == 0 ? "\"delta\":{}" : $"\"delta\":{{\"content\":{Text(text)}}}";

    protected override string WholeText(string text) => $$"""
        "message":{"role":"assistant","content":{{Text(text)}},"refusal":null}
        """;

    protected override string Logprobs(string likelihoods) => $$"""{"content":[{{likelihoods}}],"refusal":null}""";

    protected override JsonElement? TextOfChunk(JsonElement choice) =>
        choice.GetProperty("delta").TryGetProperty("content", out var text) ? text : null;

    protected override JsonElement TextOfWhole(JsonElement choice) => choice.GetProperty("message").GetProperty("content");

    protected override string? LikelihoodsOfLogprobs(JsonElement logprobs) =>
        logprobs.GetProperty("content") is { ValueKind: JsonValueKind.Array } tokens ? tokens.GetRawText()[1..^1] : null;
}
