using System.Globalization;
using System.Numerics;
using System.Text;

namespace AiPlatform.InferenceWorker.Text.Jinja.Values;

/// <summary>Writes values as Python does: <c>str</c>, <c>repr</c> and <c>json.dumps</c>.</summary>
internal static class PythonText
{
    /// <summary><c>str(value)</c>, which is what <c>{{ value }}</c> writes.</summary>
    public static JinjaText Str(object value)
    {
        switch (value)
        {
            case JinjaText text:
                return text;
            case JinjaUndefined:
                return JinjaText.Empty;
            default:
                var written = new StringBuilder();
                WriteRepr(value, written);
                return JinjaText.Of(written.ToString(), HasContent(value));
        }
    }

    public static string Repr(object value)
    {
        var written = new StringBuilder();
        WriteRepr(value, written);
        return written.ToString();
    }

    /// <summary>Whether any string in the value comes from a message.</summary>
    public static bool HasContent(object value)
    {
        Operators.EnsureStack();
        return value switch
        {
            JinjaText text => text.HasContent,
            JinjaList list => list.Items.Any(HasContent),
            JinjaDict dict => dict.Items.Any(item => HasContent(item.Key) || HasContent(item.Value)),
            _ => false,
        };
    }

    public static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        if (value == 0)
            return double.IsNegative(value) ? "-0.0" : "0.0";

        // The shortest digits that read back as the same number, as d.ddd…E±x.
        string scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = int.Parse(scientific[(scientific.IndexOf('E') + 1)..], CultureInfo.InvariantCulture);
        string sign = value < 0 ? "-" : "";
        string digits = string.Concat(shortest.Split('E')[0].Where(char.IsAsciiDigit)).TrimStart('0').TrimEnd('0');
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static void WriteRepr(object value, StringBuilder to)
    {
        Operators.EnsureStack();
        switch (value)
        {
            case JinjaNone:
                to.Append("None");
                break;
            case JinjaUndefined:
                to.Append("Undefined");
                break;
            case bool flag:
                to.Append(flag ? "True" : "False");
                break;
            case long number:
                to.Append(number);
                break;
            case BigInteger number:
                to.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                to.Append(Float(number));
                break;
            case JinjaText text:
                WriteQuoted(text.Value, to);
                break;
            case JinjaList list:
                WriteItems(list, to);
                break;
            case JinjaDict dict:
                WriteItems(dict, to);
                break;
            default:
                to.Append('<').Append(Operators.TypeName(value)).Append('>');
                break;
        }
    }

    private static void WriteItems(JinjaList list, StringBuilder to)
    {
        to.Append(list.IsTuple ? '(' : '[');
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (i > 0)
                to.Append(", ");
            WriteRepr(list.Items[i], to);
        }

        if (list is { IsTuple: true, Items.Count: 1 })
            to.Append(',');
        to.Append(list.IsTuple ? ')' : ']');
    }

    private static void WriteItems(JinjaDict dict, StringBuilder to)
    {
        to.Append('{');
        bool isFirst = true;
        foreach ((object key, object value) in dict.Items)
        {
            if (!isFirst)
                to.Append(", ");
            isFirst = false;
            WriteRepr(key, to);
            to.Append(": ");
            WriteRepr(value, to);
        }

        to.Append('}');
    }

    private static void WriteQuoted(string text, StringBuilder to)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        to.Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\\' => to.Append("\\\\"),
                '\n' => to.Append("\\n"),
                '\r' => to.Append("\\r"),
                '\t' => to.Append("\\t"),
                int value when value == quote => to.Append('\\').Append(quote),
                int value when IsPrintable(rune) => to.Append(rune),
                < 0x100 => to.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                < 0x10000 => to.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => to.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
        }

        to.Append(quote);
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
