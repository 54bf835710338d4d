using System.Text;
using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Numbers;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.JsonSchema.Values;

/// <summary>
/// The values of an <c>enum</c> or <c>const</c>. Each is found by a text that all values equal to it have, so no two values are compared.
/// </summary>
internal sealed class NamedValues
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly CompileBudget _budget;

    public NamedValues(IEnumerable<JsonElement> values, CompileBudget budget)
    {
        _budget = budget;
        foreach (var value in values)
            if (KeyOf(value) is { } key) _keys.Add(key);
    }

    public bool Contains(JsonElement value) => KeyOf(value) is { } key && _keys.Contains(key);

    /// <summary>The text of a value; null for one that is equal to none, because it has half a surrogate pair or too many digits.</summary>
    private string? KeyOf(JsonElement value)
    {
        var key = new StringBuilder();
        return TryWrite(value, key) ? key.ToString() : null;
    }

    private bool TryWrite(JsonElement value, StringBuilder key)
    {
        _budget.Spend(20);
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                _budget.Spend(ExactNumber.StepsOf(value.GetRawText().Length));
                if (!ExactNumber.TryParse(value, out var number)) return false;
                key.Append(number.ToString());
                return true;
            case JsonValueKind.String:
                return TryWrite(SchemaDocument.TextOf(value), key);
            case JsonValueKind.Array:
                key.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    if (!TryWrite(item, key)) return false;
                    key.Append(',');
                }

                key.Append(']');
                return true;
            case JsonValueKind.Object:
                return TryWriteFields(value, key);
            default:
                key.Append(value.GetRawText());
                return true;
        }
    }

    private bool TryWrite(string? text, StringBuilder key)
    {
        if (text is null) return false;
        _budget.Spend(text.Length);
        key.Append(JsonText.Quoted(text));
        return true;
    }

    private bool TryWriteFields(JsonElement value, StringBuilder key)
    {
        List<(string Name, JsonElement Value)> fields = [];
        foreach (var field in value.EnumerateObject())
        {
            if (SchemaDocument.TextOf(field) is not { } name) return false;
            fields.Add((name, field.Value));
        }

        fields.Sort((first, second) => string.CompareOrdinal(first.Name, second.Name));
        key.Append('{');
        foreach (var (name, field) in fields)
        {
            if (!TryWrite(name, key)) return false;
            key.Append(':');
            if (!TryWrite(field, key)) return false;
            key.Append(',');
        }

        key.Append('}');
        return true;
    }
}
