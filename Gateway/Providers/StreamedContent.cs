using System.Text;
using System.Text.Json;

namespace AiPlatform.Gateway.Providers;

/// <summary>Puts a stream's pieces together, for what can only be checked when it is whole.</summary>
internal sealed class StreamedContent
{
    private readonly SortedDictionary<int, StreamedChoice> _choices = [];

    /// <summary>In the order of their index.</summary>
    public IEnumerable<ChoiceContent> Choices => _choices.Select(entry =>
        new ChoiceContent(entry.Key, entry.Value.HasText ? entry.Value.Text.ToString() : null, entry.Value.FinishReason, entry.Value.IsExempt));

    /// <param name="chunk">One chunk's JSON, which is valid.</param>
    public void Add(ReadOnlyMemory<byte> chunk)
    {
        using var document = JsonDocument.Parse(chunk, new JsonDocumentOptions { MaxDepth = 256 });
        foreach (var choice in document.RootElement.GetProperty("choices").EnumerateArray())
        {
            if (choice.ValueKind != JsonValueKind.Object) continue;
            var index = choice.TryGetProperty("index", out var at) && at.TryGetInt32(out var number) ? number : 0;
            if (!_choices.TryGetValue(index, out var streamed)) _choices.Add(index, streamed = new StreamedChoice());
            streamed.Add(choice);
        }
    }

    private sealed class StreamedChoice
    {
        public StringBuilder Text { get; } = new();

        public bool HasText { get; private set; }

        public string? FinishReason { get; private set; }

        public bool IsExempt { get; private set; }

        public void Add(JsonElement choice)
        {
            if (choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String) FinishReason = reason.GetString();
            if (!choice.TryGetProperty("delta", out var delta) || delta.ValueKind != JsonValueKind.Object) return;

            IsExempt |= ChoiceContent.SaysOtherwise(delta);
            if (!delta.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String) return;
            HasText = true;
            Text.Append(content.GetString());
        }
    }
}
