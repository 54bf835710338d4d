using System.Text;
using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Equal texts for equal values: fields in one order, numbers and strings in one form.</summary>
internal static class CanonicalJson
{
    /// <exception cref="InvalidOperationException">A string is not valid Unicode.</exception>
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AppendObject(text, value);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    Append(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                AppendText(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                text.Append(ExactNumber.TryParse(value, out var number) ? number.ToString() : value.GetRawText());
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void AppendObject(StringBuilder text, JsonElement value)
    {
        text.Append('{');
        foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
        {
            AppendText(text, property.Name);
            Append(text, property.Value);
            text.Append(',');
        }

        text.Append('}');
    }

    // With its length before it, no string can look like something else.
    private static void AppendText(StringBuilder text, string value) => text.Append('"').Append(value.Length).Append(':').Append(value);
}
