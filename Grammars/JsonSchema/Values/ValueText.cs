using System.Text;
using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Numbers;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.JsonSchema.Values;

/// <summary>Writes a value of a schema in compact form.</summary>
internal static class ValueText
{
    private const int MaxDigits = 18;

    public static void Write(JsonElement value, StringBuilder text, SchemaNode node, CompileBudget budget)
    {
        budget.Spend(10);
        var mark = '{';
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject())
                {
                    text.Append(mark).Append(JsonText.Quoted(SchemaDocument.TextOf(field) ?? throw HalfPair(node))).Append(':');
                    Write(field.Value, text, node, budget);
                    mark = ',';
                }

                text.Append(mark == '{' ? "{}" : "}");
                break;
            case JsonValueKind.Array:
                mark = '[';
                foreach (var item in value.EnumerateArray())
                {
                    text.Append(mark);
                    Write(item, text, node, budget);
                    mark = ',';
                }

                text.Append(mark == '[' ? "[]" : "]");
                break;
            case JsonValueKind.String:
                text.Append(JsonText.Quoted(SchemaDocument.TextOf(value) ?? throw HalfPair(node)));
                break;
            case JsonValueKind.Number:
                text.Append(NumberOf(value.GetRawText()));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    /// <summary>A number as it is written; an integer without a point and an exponent, unless it is long.</summary>
    private static string NumberOf(string raw) =>
        DecimalNumber.Parse(raw) is { Fraction.Length: 0, Whole.Length: <= MaxDigits } number
            ? (number.IsNegative ? "-" : "") + number.Whole
            : raw;

    private static GrammarException HalfPair(SchemaNode node) => node.Invalid("enum", "has a string with half a surrogate pair");
}
