using System.Globalization;
using System.Text.Json;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.InferenceWorker.Text.Templates;

namespace AiPlatform.Benchmarks.Chat;

/// <summary>
/// Chats of common words, the same in every run. No two of them begin in the same way: what the product knows of one is of no use for
/// another.
/// </summary>
internal sealed class ChatPrompts(string modelFolder)
{
    private static readonly string[] Words =
    [
        "the", "water", "house", "small", "and", "people", "letter", "under", "music", "river", "with", "morning", "garden", "into",
        "light", "story", "their", "country", "before", "night", "about", "children", "table", "again", "summer", "between", "winter",
        "paper", "also", "mountain", "early", "school",
    ];

    private readonly ChatTokenizer _tokenizer = ChatTokenizer.Load(modelFolder);
    private readonly ChatTemplate _template = ChatTemplate.Load(modelFolder, TimeProvider.System);

    /// <summary>A chat.</summary>
    /// <param name="Messages">The messages, as JSON.</param>
    /// <param name="Text">What the model's template makes of them.</param>
    /// <param name="Tokens">The tokens of the text.</param>
    internal sealed record Prompt(string Messages, string Text, int[] Tokens);

    /// <summary>A chat of about so many tokens.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="number">Another number, another chat.</param>
    public Prompt Make(int tokens, int number)
    {
        var words = tokens / 2;
        var prompt = Of(First(words, number));
        // Nearly every word is one token.
        words += tokens - prompt.Tokens.Length;
        return Of(First(Math.Max(1, words), number));
    }

    /// <summary>The chat with an answer and a further question.</summary>
    public Prompt GoOn(Prompt first, string answer)
    {
        var messages = JsonSerializer.Deserialize<Message[]>(first.Messages)!;
        return Of([.. messages, new Message("assistant", answer), new Message("user", "And what came then?")]);
    }

    private static Message[] First(int words, int number)
    {
#pragma warning disable CA5394 // Reproducible, not secret
        var random = new Random(number);
        var text = string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));
#pragma warning restore CA5394
        return
        [
            new Message("system", string.Create(CultureInfo.InvariantCulture, $"{number} is your number.")),
            new Message("user", $"Go on: {text}"),
        ];
    }

    private Prompt Of(Message[] messages)
    {
        var json = JsonSerializer.Serialize(messages);
        using var document = JsonDocument.Parse(json);
        var segments = _template.Render(document.RootElement);
        return new Prompt(json, string.Concat(segments.Select(segment => segment.Text)), _tokenizer.Encode(segments));
    }

#pragma warning disable IDE1006 // As it stands in a request
    private sealed record Message(string role, string content);
#pragma warning restore IDE1006
}
