using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Whole;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>Collects the text of a stream, which can only be checked when it is complete.</summary>
/// <param name="maxBytes">Most bytes of text that are collected.</param>
internal sealed class StreamedContent(int maxBytes)
{
    /// <summary>Bytes that a choice takes besides its text.</summary>
    private const int BytesOfChoice = 100;

    private readonly SortedDictionary<int, StreamedChoice> _choices = [];
    private long _bytes;

    /// <summary>The choices, ordered by their index.</summary>
    public IEnumerable<ChoiceContent> Choices => _choices.Select(entry =>
        new ChoiceContent(
            entry.Key, entry.Value.HasText ? entry.Value.Text.ToString() : null, entry.Value.FinishReason, entry.Value.IsExempt));

    /// <summary>Whether the text exceeds the limit.</summary>
    public bool IsFull => _bytes > maxBytes;

    /// <summary>Adds a chunk; false when its choices cannot be read.</summary>
    /// <param name="chunk">One chunk's JSON, which is valid.</param>
    public bool TryAdd(ReadOnlyMemory<byte> chunk)
    {
        using var document = JsonDocument.Parse(chunk, new JsonDocumentOptions { MaxDepth = 256 });
        try
        {
            // If a name occurs twice, the last one counts.
            return document.RootElement.TryGetProperty("choices", out var choices) && choices.EnumerateArray().All(TryAdd);
        }
        catch (InvalidOperationException)
        {
            // Reading an escaped half of a surrogate pair throws this.
            return false;
        }
    }

    private bool TryAdd(JsonElement choice)
    {
        // AnswerReader has checked that it is a number; a missing one is that of the only choice.
        var index = choice.TryGetProperty("index", out var number) ? number.GetInt32() : 0;
        if (!_choices.TryGetValue(index, out var streamed))
        {
            _choices.Add(index, streamed = new StreamedChoice());
            _bytes += BytesOfChoice;
        }

        _bytes += streamed.Add(choice);
        return true;
    }

    private sealed class StreamedChoice
    {
        public StringBuilder Text { get; } = new();

        public bool HasText { get; private set; }

        public string? FinishReason { get; private set; }

        public bool IsExempt { get; private set; }

        /// <returns>Bytes of text.</returns>
        public int Add(JsonElement choice)
        {
            if (choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String)
                FinishReason = reason.GetString();
            if (!choice.TryGetProperty("delta", out var delta) || delta.ValueKind != JsonValueKind.Object) return 0;

            IsExempt |= ChoiceContent.SaysOtherwise(delta);
            if (!delta.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String) return 0;
            HasText = true;
            var literal = JsonMarshal.GetRawUtf8Value(content);
            JsonText.AppendTo(Text, literal);
            return literal.Length - 2;
        }
    }
}
