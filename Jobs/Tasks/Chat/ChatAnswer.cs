using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>The whole answer to a chat, as it is stored and goes out: OpenAI's completion.</summary>
public sealed class ChatAnswer
{
    private readonly List<ChatChoice> _choices = [];

    public IReadOnlyList<ChatChoice> Choices => _choices;

    /// <summary>The <c>usage</c> object.</summary>
    public string Usage { get; private init; } = "";

    /// <summary>The id of a job's answer.</summary>
    public static string IdOf(JobId job) => $"chatcmpl-{job.Key}";

    /// <summary>The <c>usage</c> object: tokens of the prompt, those of them that were known already, and those of all choices.</summary>
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

    public static byte[] Write(JobId job, string model, IEnumerable<ChatChoice> choices, string usage)
    {
        var json = new StringBuilder();
        json.Append(
            CultureInfo.InvariantCulture,
            $$"""{"id":"{{IdOf(job)}}","object":"chat.completion","created":{{job.MadeAtSecond}},""");
        json.Append(CultureInfo.InvariantCulture, $"\"model\":{ChatChunks.Text(model)},\"choices\":[");
        foreach (var (index, text, reason, likelihoods) in choices)
        {
            if (json[^1] == '}') json.Append(',');
            json.Append(
                CultureInfo.InvariantCulture,
                $$"""{"index":{{index}},"message":{"role":"assistant","content":{{ChatChunks.Text(text)}},"refusal":null},"logprobs":""");
            if (likelihoods is null) json.Append("null");
            else json.Append("""{"content":[""").Append(likelihoods).Append("""],"refusal":null}""");
            json.Append(CultureInfo.InvariantCulture, $$""","finish_reason":"{{reason}}"}""");
        }

        json.Append(CultureInfo.InvariantCulture, $$"""],"usage":{{usage}}}""");
        return Encoding.UTF8.GetBytes(json.ToString());
    }

    /// <exception cref="FormatException">It is no answer to a chat.</exception>
    public static ChatAnswer Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var answer = new ChatAnswer { Usage = document.RootElement.GetProperty("usage").GetRawText() };
            foreach (var choice in document.RootElement.GetProperty("choices").EnumerateArray())
            {
                answer._choices.Add(new ChatChoice(
                    choice.GetProperty("index").GetInt32(), TextOf(choice.GetProperty("message").GetProperty("content")),
                    TextOf(choice.GetProperty("finish_reason")),
                    choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } logprobs
                        && logprobs.GetProperty("content") is { ValueKind: JsonValueKind.Array } tokens
                        ? tokens.GetRawText()[1..^1] : null));
            }

            return answer.Choices.Count > 0 ? answer : throw new FormatException("The stored answer has no choices.");
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("The stored answer is not that of a chat.", unreadable);
        }
    }

    private static string TextOf(JsonElement text) => text.GetString() ?? throw new JsonException("A text is missing.");
}

/// <summary>One of the answers to a chat.</summary>
/// <param name="Index">Its number, from 0 on.</param>
/// <param name="Text">What the model says.</param>
/// <param name="FinishReason"><c>stop</c> or <c>length</c>.</param>
/// <param name="Likelihoods">Those of its tokens, as JSON without the brackets of the array; null where none are wanted.</param>
public sealed record ChatChoice(int Index, string Text, string FinishReason, string? Likelihoods);
