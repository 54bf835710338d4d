using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Json;

/// <summary>Writes JSON that is stored as text without parsing it. Use it only for JSON that was validated before it was stored.</summary>
internal sealed class StoredJsonConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.GetRawText();
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteRawValue(value);
}
