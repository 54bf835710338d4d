using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AiPlatform.Jobs.Payloads;

/// <summary>The <c>usage</c> object of OpenAI's dialect.</summary>
public static class UsageJson
{
    /// <summary>Tokens read and written; 0 where it says nothing, or cannot be read.</summary>
    public static (long Input, long Output) Read(string? usage)
    {
        if (usage is null) return default;

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(usage));
            reader.Read();
            return Read(ref reader);
        }
        catch (JsonException)
        {
            // Of another version.
            return default;
        }
    }

    /// <summary>The same of JSON that is being read: the reader stands on the object's start, and stands on its end afterwards.</summary>
    /// <exception cref="JsonException">It is not valid JSON.</exception>
    public static (long Input, long Output) Read(ref Utf8JsonReader reader)
    {
        long input = 0, output = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isInput = reader.ValueTextEquals("prompt_tokens"u8);
            var isOutput = reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if ((isInput || isOutput) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var tokens) && tokens >= 0)
            {
                if (isInput) input = tokens;
                else output = tokens;
            }

            reader.Skip();
        }

        return (input, output);
    }

    public static string Write(long input, long output) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}}}""");
}
