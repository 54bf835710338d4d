using System.Text.Json;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>Turns stored embeddings into the JSON of the OpenAI dialect; see <see cref="EmbeddingList"/>.</summary>
internal static class EmbeddingJson
{
    public static void WriteStart(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
    }

    /// <summary>One item of <c>data</c>: shortest numbers that read back as the same floats, or base64 of the bytes.</summary>
    public static void WriteRow(Utf8JsonWriter writer, EmbeddingOutput output, int row)
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "embedding"u8);
        writer.WriteNumber("index"u8, row);
        if (output.Format == EmbeddingFormat.Base64)
        {
            writer.WriteBase64String("embedding"u8, output.RowBytes(row));
        }
        else
        {
            writer.WriteStartArray("embedding"u8);
            foreach (var value in output.Row(row)) writer.WriteNumberValue(value);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    public static void WriteEnd(Utf8JsonWriter writer, string model, EmbeddingOutput output)
    {
        writer.WriteEndArray();
        writer.WriteString("model"u8, model);
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, output.PromptTokens);
        writer.WriteNumber("total_tokens"u8, output.PromptTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
