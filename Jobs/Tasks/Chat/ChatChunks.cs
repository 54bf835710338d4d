using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>
/// Writes the pieces of a chat that streams, as they stand in its job's log and go out: OpenAI's chunks. A chunk with text also has
/// <c>token_ids</c>, the tokens that the text is made of: a worker that goes on for one that died needs them.
/// </summary>
public sealed class ChatChunks
{
    private readonly string _head;
    private readonly string _tail;

    /// <param name="job">The chat's job.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="includesUsage">Whether a chunk with the usage comes at the end: then all others say that they have none.</param>
    public ChatChunks(JobId job, string model, bool includesUsage)
    {
        _head = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"id":"{{ChatAnswer.IdOf(job)}}","object":"chat.completion.chunk","created":{{job.MadeAtSecond}},"""
            + $"\"model\":{Text(model)},\"choices\":[");
        _tail = includesUsage ? """],"usage":null}""" : "]}";
    }

    /// <summary>The first chunk of a choice.</summary>
    public string Role(int choice) => Choice(choice, """{"role":"assistant","content":""}""", null, null, null);

    /// <summary>A piece of a choice's text.</summary>
    /// <param name="choice">Its index.</param>
    /// <param name="text">The text.</param>
    /// <param name="tokens">What it is made of, and what the tokens before it were that had no text yet.</param>
    /// <param name="likelihoods">
    /// The likelihoods of these tokens, as JSON without the brackets of the array; null where none are wanted.
    /// </param>
    public string Piece(int choice, string text, IReadOnlyList<int> tokens, string? likelihoods) =>
        Choice(choice, $$"""{"content":{{Text(text)}}}""", likelihoods, null, tokens);

    /// <summary>The last chunk of a choice.</summary>
    /// <param name="choice">Its index.</param>
    /// <param name="reason">Why it ends.</param>
    /// <param name="tokens">Tokens at the end that have no text.</param>
    /// <param name="likelihoods">Their likelihoods.</param>
    public string End(int choice, string reason, IReadOnlyList<int> tokens, string? likelihoods) =>
        Choice(choice, "{}", likelihoods is { Length: > 0 } ? likelihoods : null, reason, tokens);

    /// <summary>The chunk behind all others.</summary>
    public string Usage(string usage) => $$"""{{_head}}],"usage":{{usage}}}""";

    /// <summary>A text as JSON.</summary>
    internal static string Text(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private string Choice(int choice, string delta, string? likelihoods, string? reason, IReadOnlyList<int>? tokens)
    {
        var logprobs = likelihoods is null ? "null" : $$"""{"content":[{{likelihoods}}],"refusal":null}""";
        var finish = reason is null ? "null" : $"\"{reason}\"";
        var ids = tokens is { Count: > 0 } ? $",\"token_ids\":[{string.Join(',', tokens)}]" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{{_head}}{"index":{{choice}},"delta":{{delta}},"logprobs":{{logprobs}},"finish_reason":{{finish}}{{ids}}}{{_tail}}""");
    }
}

/// <summary>A chunk of <see cref="ChatChunks"/> that was read again.</summary>
/// <param name="Choice">The choice's index; null of the chunk with the usage.</param>
/// <param name="Text">What it says.</param>
/// <param name="Tokens">The tokens of this text.</param>
/// <param name="Likelihoods">Their likelihoods, as JSON without the brackets of the array.</param>
/// <param name="FinishReason">Why the choice ends; null unless it is its last.</param>
public sealed record ChatPiece(int? Choice, string Text, int[] Tokens, string Likelihoods, string? FinishReason)
{
    /// <exception cref="FormatException">It is no chunk.</exception>
    public static ChatPiece Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var choices = document.RootElement.GetProperty("choices");
            if (choices.GetArrayLength() == 0) return new ChatPiece(null, "", [], "", null);

            var choice = choices[0];
            var delta = choice.GetProperty("delta");
            var likelihoods = choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } logprobs
                ? logprobs.GetProperty("content").GetRawText()[1..^1] : "";
            return new ChatPiece(
                choice.GetProperty("index").GetInt32(),
                delta.TryGetProperty("content", out var text) ? text.GetString() ?? "" : "",
                choice.TryGetProperty("token_ids", out var tokens) ? [.. tokens.EnumerateArray().Select(token => token.GetInt32())] : [],
                likelihoods, choice.GetProperty("finish_reason").GetString());
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("The job's log has a piece that is no chunk of a chat.", unreadable);
        }
    }
}
