using System.Text.Json;
using System.Text.RegularExpressions;

namespace AiPlatform.Tests.Grammars;

/// <summary>JsonSchema.Net's opinion.</summary>
internal static class Oracle
{
    private static readonly JsonDocumentOptions WithoutRepeatedNames = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a schema; null if it has a pattern that .NET's dialect does not have.</summary>
    public static Json.Schema.JsonSchema? TryRead(string schema)
    {
        try
        {
            return Json.Schema.JsonSchema.FromText(schema);
        }
        catch (RegexParseException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a text fits a schema. It counts as fitting where the oracle cannot say: it reads numbers as decimals of .NET, and patterns
    /// in .NET's dialect.
    /// </summary>
    /// <exception cref="JsonException">The text is not JSON, or has a name twice.</exception>
    public static bool Fits(Json.Schema.JsonSchema schema, string text)
    {
        using var parsed = JsonDocument.Parse(text, WithoutRepeatedNames);
        try
        {
            return schema.Evaluate(parsed.RootElement).IsValid;
        }
        catch (Exception unable) when (unable is FormatException or OverflowException or RegexParseException)
        {
            return true;
        }
    }
}
