using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary>
/// The form of answers that are generated text, as they are stored and sent: whole answers, and the chunks of a stream, which are in the
/// job's log. A chunk with text also has <c>token_ids</c>, the tokens of the text, because a worker that continues the job of a dead one
/// needs them. Derived classes have the differences between the routes.
/// </summary>
public abstract class AnswerForm
{
    private readonly string _id;
    private readonly string _wholeHead;
    private readonly string _head;
    private readonly string _tail;

    /// <param name="job">The call's job.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="includesUsage">Whether the last chunk has the usage; then all other chunks have a usage of null.</param>
    /// <param name="idPrefix">The prefix of its ids.</param>
    /// <param name="whole">The <c>object</c> of a whole answer.</param>
    /// <param name="chunk">The <c>object</c> of a chunk.</param>
    protected AnswerForm(JobId job, string model, bool includesUsage, string idPrefix, string whole, string chunk)
    {
        _id = $"{idPrefix}{job.Key}";
        _wholeHead = Head(whole);
        _head = Head(chunk);
        _tail = includesUsage ? """],"usage":null}""" : "]}";

        string Head(string name) => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"id":"{{_id}}","object":"{{name}}","created":{{job.MadeAtSecond}},"model":{{Text(model)}},"choices":[""");
    }

    /// <summary>The <c>usage</c> object: tokens of the prompts, cached ones among them, and tokens of all choices.</summary>
    public static string WriteUsage(int prompt, int cached, int completion)
    {
        var total = prompt + (long)completion;
        return string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"prompt_tokens":{{{prompt}}},"completion_tokens":{{{completion}}},"total_tokens":{{{total}}},"""
            + $$$"""
            "prompt_tokens_details":{"cached_tokens":{{{cached}}}},"completion_tokens_details":{"reasoning_tokens":0}}
            """);
    }

    /// <summary>The first chunk of a choice; null for routes whose choices begin with their text.</summary>
    public virtual string? Opening(int choice) => null;

    /// <summary>A piece of a choice's text.</summary>
    /// <param name="choice">Its index.</param>
    /// <param name="text">The text.</param>
    /// <param name="tokens">The tokens of the text, including earlier ones that had no text yet.</param>
    /// <param name="likelihoods">The likelihoods of these tokens, in the form's own JSON; null when they are not requested.</param>
    public string Piece(int choice, string text, IReadOnlyList<int> tokens, string? likelihoods) =>
        Chunk(choice, ChunkText(text), likelihoods, null, tokens);

    /// <summary>Pieces of a choice's calls.</summary>
    /// <param name="choice">Its index.</param>
    /// <param name="calls">The pieces, in order.</param>
    /// <param name="tokens">What they are made of, and what the tokens before them were that said nothing yet.</param>
    /// <param name="likelihoods">The likelihoods of these tokens, in the form's own JSON; null when they are not requested.</param>
    public string Calls(int choice, IReadOnlyList<AnswerCallPiece> calls, IReadOnlyList<int> tokens, string? likelihoods) =>
        Chunk(choice, ChunkCalls(choice, calls), likelihoods, null, tokens);

    /// <summary>The last chunk of a choice.</summary>
    /// <param name="choice">Its index.</param>
    /// <param name="reason">Why it ends.</param>
    /// <param name="tokens">Tokens at the end that have no text.</param>
    /// <param name="likelihoods">Their likelihoods.</param>
    public string End(int choice, string reason, IReadOnlyList<int> tokens, string? likelihoods) =>
        Chunk(choice, ChunkText(""), likelihoods is { Length: > 0 } ? likelihoods : null, reason, tokens);

    /// <summary>The last chunk of all.</summary>
    public string Usage(string usage) => $$"""{{_head}}],"usage":{{usage}}}""";

    /// <summary>The whole answer.</summary>
    public byte[] Whole(IEnumerable<AnswerChoice> choices, string usage)
    {
        var json = new StringBuilder(_wholeHead);
        foreach (var choice in choices)
        {
            var (index, _, reason, likelihoods) = choice;
            if (json[^1] == '}') json.Append(',');
            var logprobs = likelihoods is null ? "null" : Logprobs(likelihoods);
            json.Append(
                CultureInfo.InvariantCulture,
                $$"""{"index":{{index}},{{WholeText(choice)}},"logprobs":{{logprobs}},"finish_reason":"{{reason}}"}""");
        }

        json.Append(CultureInfo.InvariantCulture, $$"""],"usage":{{usage}}}""");
        return Encoding.UTF8.GetBytes(json.ToString());
    }

    /// <exception cref="FormatException">The text is not a chunk of this form.</exception>
    public AnswerPiece ReadPiece(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var choices = document.RootElement.GetProperty("choices");
            if (choices.GetArrayLength() == 0) return new AnswerPiece(null, "", [], "", null, HasCalls: false);

            var choice = choices[0];
            return new AnswerPiece(
                choice.GetProperty("index").GetInt32(),
                TextOfChunk(choice)?.GetString() ?? "",
                choice.TryGetProperty("token_ids", out var tokens) ? [.. tokens.EnumerateArray().Select(token => token.GetInt32())] : [],
                LikelihoodsOf(choice) ?? "", choice.GetProperty("finish_reason").GetString(), HasCalls(choice));
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("The job's log has a piece that is no chunk of its answer.", unreadable);
        }
    }

    /// <exception cref="FormatException">The text is not an answer of this form.</exception>
    public (IReadOnlyList<AnswerChoice> Choices, string Usage) ReadWhole(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            List<AnswerChoice> choices = [];
            foreach (var choice in document.RootElement.GetProperty("choices").EnumerateArray())
            {
                var (calls, said) = (CallsOfWhole(choice), TextOfWhole(choice));
                var text = calls.Count > 0 && said.ValueKind == JsonValueKind.Null ? "" : TextOf(said);
                choices.Add(new AnswerChoice(
                    choice.GetProperty("index").GetInt32(), text, TextOf(choice.GetProperty("finish_reason")), LikelihoodsOf(choice))
                {
                    Calls = calls,
                });
            }

            if (choices.Count == 0) throw new FormatException("The stored answer has no choices.");
            return (choices, document.RootElement.GetProperty("usage").GetRawText());
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("The stored answer is not one of its route.", unreadable);
        }
    }

    /// <summary>Joins the likelihoods of successive tokens.</summary>
    public abstract string Join(IEnumerable<string> likelihoods);

    /// <summary>A text as JSON.</summary>
    public static string Text(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>The member of a chunk's choice that has its text.</summary>
    protected abstract string ChunkText(string text);

    /// <summary>The member of a chunk's choice that has pieces of calls; for forms that have calls.</summary>
    protected virtual string ChunkCalls(int choice, IReadOnlyList<AnswerCallPiece> calls) =>
        throw new NotSupportedException("Answers of this route have no calls.");

    /// <summary>The member of a whole answer's choice that has its text, and its calls.</summary>
    protected abstract string WholeText(AnswerChoice choice);

    /// <summary>The value of <c>logprobs</c>.</summary>
    protected abstract string Logprobs(string likelihoods);

    /// <summary>Null when the chunk has no text.</summary>
    protected abstract JsonElement? TextOfChunk(JsonElement choice);

    protected abstract JsonElement TextOfWhole(JsonElement choice);

    /// <summary>Whether a chunk's choice has pieces of calls.</summary>
    protected virtual bool HasCalls(JsonElement choice) => false;

    protected virtual IReadOnlyList<AnswerCall> CallsOfWhole(JsonElement choice) => [];

    /// <summary>The likelihoods from which <see cref="Logprobs"/> was written; null when there are none.</summary>
    protected abstract string? LikelihoodsOfLogprobs(JsonElement logprobs);

    protected string Chunk(int choice, string text, string? likelihoods, string? reason, IReadOnlyList<int>? tokens)
    {
        var logprobs = likelihoods is null ? "null" : Logprobs(likelihoods);
        var finish = reason is null ? "null" : $"\"{reason}\"";
        var ids = tokens is { Count: > 0 } ? $",\"token_ids\":[{string.Join(',', tokens)}]" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{{_head}}{"index":{{choice}},{{text}},"logprobs":{{logprobs}},"finish_reason":{{finish}}{{ids}}}{{_tail}}""");
    }

    protected static string TextOf(JsonElement text) => text.GetString() ?? throw new JsonException("A text is missing.");

    private string? LikelihoodsOf(JsonElement choice) =>
        choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } logprobs ? LikelihoodsOfLogprobs(logprobs) : null;
}

/// <summary>One of the texts of an answer.</summary>
/// <param name="Index">Its index, from 0.</param>
/// <param name="Text">The generated text.</param>
/// <param name="FinishReason"><c>stop</c>, <c>length</c> or <c>tool_calls</c>.</param>
/// <param name="Likelihoods">The likelihoods of its tokens, in the form's own JSON; null when they are not requested.</param>
public sealed record AnswerChoice(int Index, string Text, string FinishReason, string? Likelihoods)
{
    /// <summary>The functions that it calls; then it has no text.</summary>
    public IReadOnlyList<AnswerCall> Calls { get; init; } = [];
}

/// <summary>A function that an answer calls.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">Its arguments as JSON: an object, or its beginning where the answer was cut.</param>
public sealed record AnswerCall(string Name, string Arguments);

/// <summary>A piece of a call.</summary>
/// <param name="Index">The call's number in its choice, from 0 on.</param>
/// <param name="Name">The function's name in the call's first piece; null in the others.</param>
/// <param name="Arguments">What comes next of the arguments.</param>
public sealed record AnswerCallPiece(int Index, string? Name, string Arguments);

/// <summary>A stored chunk.</summary>
/// <param name="Choice">The choice's index; null for the chunk with the usage.</param>
/// <param name="Text">Its text.</param>
/// <param name="Tokens">The tokens of this text.</param>
/// <param name="Likelihoods">Their likelihoods, in the form's own JSON; empty when there are none.</param>
/// <param name="FinishReason">Why the choice ends; null unless it is its last.</param>
/// <param name="HasCalls">Whether it has pieces of calls.</param>
public sealed record AnswerPiece(
    int? Choice, string Text, int[] Tokens, string Likelihoods, string? FinishReason, bool HasCalls);
