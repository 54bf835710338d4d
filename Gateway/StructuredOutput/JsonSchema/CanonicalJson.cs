using System.Text;
using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Numbers;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Writes equal values as equal texts: fields in one order, numbers and strings in one form.</summary>
internal static class CanonicalJson
{
    private const int StepsOfValue = 30;
    private const int StepsOfByte = 4;
    private const int StepsOfObject = 100;
    private const int StepsOfField = 40;

    /// <param name="value">The value.</param>
    /// <param name="budget">The budget of steps, by the value's length.</param>
    /// <exception cref="InvalidOperationException">A string is not valid Unicode.</exception>
    public static string Of(JsonElement value, StepBudget budget)
    {
        budget.Spend(StepsOfValue + ((long)StepsOfByte * Checking.LengthOf(value)));
        var text = new StringBuilder();
        Append(text, value, budget);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement value, StepBudget budget)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AppendObject(text, value, budget);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    Append(text, item, budget);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                AppendText(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                AppendNumber(text, value, budget);
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void AppendObject(StringBuilder text, JsonElement value, StepBudget budget)
    {
        budget.Spend(StepsOfObject + ((long)StepsOfField * value.GetPropertyCount()));
        JsonProperty[] properties = [.. value.EnumerateObject()];
        var names = Array.ConvertAll(properties, property => property.Name);
        Array.Sort(names, properties, StringComparer.Ordinal);
        text.Append('{');
        for (var i = 0; i < names.Length; i++)
        {
            AppendText(text, names[i]);
            Append(text, properties[i].Value, budget);
            text.Append(',');
        }

        text.Append('}');
    }

    private static void AppendNumber(StringBuilder text, JsonElement value, StepBudget budget)
    {
        // Writes the form of an exact number without creating one, because most numbers are small integers.
        if (value.TryGetInt64(out var whole) && (whole % 10 != 0 || whole == 0))
        {
            text.Append(whole).Append("e0");
            return;
        }

        budget.Spend(ExactNumber.StepsOf(Checking.LengthOf(value)));
        text.Append(ExactNumber.TryParse(value, out var number) ? number.ToString() : value.GetRawText());
    }

    // The length before a string makes it distinct from everything else.
    private static void AppendText(StringBuilder text, string value) => text.Append('"').Append(value.Length).Append(':').Append(value);
}
