using System.Text.Json;

namespace AiPlatform.Gateway.Answers;

/// <summary>The chat request that asks for a typed answer.</summary>
internal static class AnswerRequest
{
    /// <summary>A small model leaves its subject at the default temperature of 1.</summary>
    private const double Temperature = 0.3;

    /// <param name="model">The model's name in the Gateway.</param>
    /// <param name="instructions">The instructions for the model, which become the system message.</param>
    /// <param name="prompt">The caller's text, which becomes the user message.</param>
    /// <param name="contract">The contract of the answer.</param>
    /// <param name="maxTokens">Most tokens of the answer of a worker's model; null for a provider's.</param>
    public static byte[] Write<T>(string model, string instructions, string prompt, AnswerContract<T> contract, int? maxTokens = null)
        where T : class
    {
        using var written = new MemoryStream();
        using (var writer = new Utf8JsonWriter(written))
        {
            WriteBegin(writer, model, instructions, prompt);
            if (maxTokens is { } most)
            {
                writer.WriteNumber("max_completion_tokens"u8, most);
                writer.WriteNumber("temperature"u8, Temperature);
            }

            writer.WriteStartObject("response_format"u8);
            writer.WriteString("type"u8, "json_schema"u8);
            writer.WriteStartObject("json_schema"u8);
            writer.WriteString("name"u8, contract.Name);
            writer.WriteBoolean("strict"u8, contract.IsStrict);
            writer.WritePropertyName("schema"u8);
            writer.WriteRawValue(contract.SchemaText.Span, skipInputValidation: true);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return written.ToArray();
    }

    /// <summary>The chat request that asks for a text.</summary>
    /// <param name="model">The model's name in the Gateway.</param>
    /// <param name="instructions">The instructions for the model, which become the system message.</param>
    /// <param name="prompt">The caller's text, which becomes the user message.</param>
    /// <param name="maxTokens">Most tokens of the answer.</param>
    public static byte[] WritePlain(string model, string instructions, string prompt, int maxTokens)
    {
        using var written = new MemoryStream();
        using (var writer = new Utf8JsonWriter(written))
        {
            WriteBegin(writer, model, instructions, prompt);
            writer.WriteNumber("max_completion_tokens"u8, maxTokens);
            writer.WriteEndObject();
        }

        return written.ToArray();
    }

    private static void WriteBegin(Utf8JsonWriter writer, string model, string instructions, string prompt)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, model);
        writer.WriteStartArray("messages"u8);
        WriteMessage(writer, "system", instructions);
        WriteMessage(writer, "user", prompt);
        writer.WriteEndArray();
    }

    private static void WriteMessage(Utf8JsonWriter writer, string role, string content)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, role);
        writer.WriteString("content"u8, content);
        writer.WriteEndObject();
    }
}
