using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AiPlatform.Jobs.Payloads;

/// <summary>
/// The <c>usage</c> object of OpenAI's dialect. Whole numbers count in any spelling (<c>7</c>, <c>7.0</c>, <c>7e0</c>); any other value
/// (negative, a fraction, text, more than <see cref="MaxTokens"/>) counts as 0.
/// </summary>
public static class UsageJson
{
    /// <summary>Most tokens of one call that are counted: a thousand times the longest context of any model.</summary>
    public const long MaxTokens = 1_000_000_000;

    /// <summary>Tokens read and written; 0 where the object does not say, or cannot be read.</summary>
    public static (long Input, long Output) Read(string? usage)
    {
        if (usage is null) return default;

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(usage));
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject ? Read(ref reader) : default;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // Of another version.
            return default;
        }
    }

    /// <summary>Tokens read and written, from a reader that is on the object's start, and is on its end afterwards.</summary>
    /// <exception cref="JsonException">It is not valid JSON.</exception>
    /// <exception cref="InvalidOperationException">A name in it is not valid Unicode.</exception>
    public static (long Input, long Output) Read(ref Utf8JsonReader reader)
    {
        long input = 0, output = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isInput = reader.ValueTextEquals("prompt_tokens"u8);
            var isOutput = reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if (isInput) input = ReadTokens(ref reader);
            else if (isOutput) output = ReadTokens(ref reader);

            reader.Skip();
        }

        return (input, output);
    }

    public static string Write(long input, long output) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}}}""");

    private static long ReadTokens(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.Number) return 0;
        if (reader.TryGetInt64(out var tokens)) return tokens is > 0 and <= MaxTokens ? tokens : 0;
        return reader.TryGetDouble(out var number) && number is > 0 and <= MaxTokens && double.IsInteger(number) ? (long)number : 0;
    }
}
