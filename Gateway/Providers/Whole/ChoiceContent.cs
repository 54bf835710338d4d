using System.Text.Json;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>The content of one choice of an answer.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Text">The message's content; null when it has none.</param>
/// <param name="FinishReason">The finish reason.</param>
/// <param name="IsExempt">Whether it is a refusal or calls tools, which no schema covers.</param>
internal readonly record struct ChoiceContent(int Index, string? Text, string? FinishReason, bool IsExempt)
{
    /// <summary>The text without a Markdown fence around all of it. It is checked, and the caller gets it.</summary>
    public string? Bare { get; } = Text is null || IsExempt ? Text : JsonFence.Strip(Text);

    /// <summary>The choices of a whole answer, which is valid JSON.</summary>
    public static IReadOnlyList<ChoiceContent> Of(JsonAnswer answer)
    {
        using var document = JsonDocument.Parse(answer.Body, new JsonDocumentOptions { MaxDepth = 256 });
        List<ChoiceContent> choices = [];
        if (!document.RootElement.TryGetProperty("choices", out var all) || all.ValueKind != JsonValueKind.Array) return choices;

        foreach (var choice in all.EnumerateArray().Where(choice => choice.ValueKind == JsonValueKind.Object))
        {
            var hasMessage = choice.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object;
            choices.Add(new ChoiceContent(
                choices.Count, hasMessage ? TextOf(message, "content") : null, TextOf(choice, "finish_reason"),
                hasMessage && SaysOtherwise(message)));
        }

        return choices;
    }

    /// <summary>Whether a message, or a piece of it, refuses or calls tools.</summary>
    public static bool SaysOtherwise(JsonElement message) =>
        TextOf(message, "refusal") is { Length: > 0 }
        || (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() > 0)
        || (message.TryGetProperty("function_call", out var call) && call.ValueKind == JsonValueKind.Object);

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
