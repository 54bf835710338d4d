using System.Globalization;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>A filter, which follows <c>|</c>.</summary>
internal delegate object Filter(Interpreter run, object value, CallArguments arguments);

/// <summary>The filters by name: those of strings, numbers and single values here, those of sequences in their own class.</summary>
internal static class Filters
{
    private const int MostIndent = 64;

    public static readonly Dictionary<string, Filter> Known = new(SequenceFilters.Known)
    {
        ["trim"] = (run, value, arguments) => TextFunctions.Trim(run.ToText(value), arguments.Bind("trim", "chars")[0] as JinjaText),
        ["upper"] = (run, value, _) => TextFunctions.Upper(run.ToText(value)),
        ["lower"] = (run, value, _) => TextFunctions.Lower(run.ToText(value)),
        ["title"] = (run, value, _) => TextFunctions.TitleWords(run.ToText(value)),
        ["capitalize"] = (run, value, _) => TextFunctions.Capitalize(run.ToText(value)),
        ["replace"] = Replace,
        ["indent"] = Indent,
        ["center"] = (run, value, arguments) => TextFunctions.Pad(
            run.ToText(value), Methods.Whole(arguments.Bind("center", "width")[0], 80), JinjaText.Control(" "), atStart: true, atEnd: true),
        ["wordcount"] = (run, value, _) => (long)TextFunctions.Split(run.ToText(value), null, -1, fromEnd: false).Items.Count,
        ["string"] = (run, value, _) => run.ToText(value),
        ["safe"] = (run, value, _) => run.ToText(value),
        ["escape"] = Escape,
        ["e"] = Escape,
        ["forceescape"] = Escape,
        ["format"] = (run, value, arguments) => PythonFormat.Percent(
            run, run.ToText(value), arguments.Named.Count > 0 ? DictOf(arguments) : new JinjaList(arguments.Positional, isTuple: true)),
        ["urlencode"] = (run, value, _) => Map(
            run.ToText(value), text => Uri.EscapeDataString(text).Replace("%2F", "/", StringComparison.Ordinal)),
        ["int"] = ToWhole,
        ["float"] = ToFloat,
        ["abs"] = (_, value, _) => Operators.AsNumber(value) switch
        {
            long number when number != long.MinValue => (object)Math.Abs(number),
            double number => Math.Abs(number),
            _ => throw new RenderException($"bad operand type for abs(): '{Operators.TypeName(value)}'"),
        },
        ["round"] = Round,
        ["default"] = Default,
        ["d"] = Default,
        ["tojson"] = ToJson,
        ["attr"] = (run, value, arguments) => value is JinjaDict or JinjaText or JinjaList
            ? Methods.Find(run, value, Methods.Text(arguments.Bind("attr", "name")[0], "attr").Value)
                ?? (object)new JinjaUndefined($"'{Operators.TypeName(value)} object' has no such attribute")
            : run.Attribute(value, Methods.Text(arguments.Bind("attr", "name")[0], "attr").Value),
    };

    /// <summary>Whether a filter's work is independent of the size of a collection.</summary>
    public static bool TakesConstantTime(string name) => name is "length" or "count" or "first" or "last" or "default" or "d";

    private static object Default(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("default", "default_value", "boolean");
        bool isMissing = value is JinjaUndefined || (given[1] is { } boolean && Operators.IsTrue(boolean) && !Operators.IsTrue(value));
        return isMissing ? given[0] ?? JinjaText.Empty : value;
    }

    private static JinjaText Replace(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("replace", "old", "new", "count");
        return TextFunctions.Replace(
            run.ToText(value),
            run.ToText(Methods.Required(given[0], "replace")),
            run.ToText(Methods.Required(given[1], "replace")),
            Methods.Whole(given[2], -1));
    }

    private static JinjaText Indent(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("indent", "width", "first", "blank");
        JinjaText indention = given[0] as JinjaText ?? TextFunctions.Spaces(Methods.Whole(given[0], 4));
        return TextFunctions.Indent(run.ToText(value), indention, IsSet(given[1]), IsSet(given[2]));
    }

    private static JinjaText Escape(Interpreter run, object value, CallArguments arguments) => Map(run.ToText(value), text => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal));

    private static object ToWhole(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("int", "default", "base");
        switch (value)
        {
            case JinjaUndefined missing:
                throw new RenderException(missing.Problem);
            case JinjaText text:
                string digits = text.Value.Trim().Replace("_", "", StringComparison.Ordinal);
                string hexDigits = digits.Replace("0x", "", StringComparison.OrdinalIgnoreCase);
                if (given[1] is 16L && long.TryParse(hexDigits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long hex))
                    return hex;
                if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
                    return whole;
                return (TryFloat(text.Value) is { } broken ? Truncate(broken) : null) ?? given[0] ?? 0L;
            default:
                return Operators.AsNumber(value) switch
                {
                    long number => number,
                    double number when Truncate(number) is { } cut => cut,
                    _ => given[0] ?? 0L,
                };
        }
    }

    private static object ToFloat(Interpreter run, object value, CallArguments arguments)
    {
        object standard = arguments.Bind("float", "default")[0] ?? 0.0;
        return value switch
        {
            JinjaUndefined missing => throw new RenderException(missing.Problem),
            JinjaText text => TryFloat(text.Value) ?? standard,
            _ => Operators.AsNumber(value) is { } number ? Operators.AsDouble(number) : standard,
        };
    }

    private static double? TryFloat(string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;

    private static long? Truncate(double number) => Math.Abs(number) < 9e18 ? (long)number : null;

    private static object Round(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("round", "precision", "method");
        long precision = Methods.Whole(given[0], 0);
        string method = given[1] is null ? "common" : Methods.Text(given[1], "round").Value;
        if (Operators.AsNumber(value) is not { } number)
            throw new RenderException($"type {Operators.TypeName(value)} doesn't define __round__ method");
        if (precision is < 0 or > 15)
            throw new RenderException($"a precision is {precision}; the most is 15");
        if (method == "common")
        {
            return number is long && precision == 0
                ? number
                : Math.Round(Operators.AsDouble(number), (int)precision, MidpointRounding.ToEven);
        }

        double factor = Math.Pow(10, precision);
        return method switch
        {
            "ceil" => Math.Ceiling(Operators.AsDouble(number) * factor) / factor,
            "floor" => Math.Floor(Operators.AsDouble(number) * factor) / factor,
            _ => throw new RenderException("method must be common, ceil or floor"),
        };
    }

    private static JinjaText ToJson(Interpreter run, object value, CallArguments arguments)
    {
        run.Budget.Charge(Weights.Of(value));
        object?[] given = arguments.Bind("tojson", "indent", "ensure_ascii", "separators", "sort_keys");
        string? indent = given[0] switch
        {
            null or JinjaNone => null,
            JinjaText { Value.Length: <= MostIndent } text => text.Value,
            object width when Operators.AsNumber(width) is <= (long)MostIndent and long count => new string(' ', (int)Math.Max(0, count)),
            _ => throw new RenderException($"an indent is larger than {MostIndent}"),
        };
        List<object>? separators = (given[2] as JinjaList)?.Items;
        if (separators is not null && separators.Count != 2)
            throw new RenderException("separators needs two strings");

        string json = PythonJson.Write(
            value, indent, IsSet(given[3]), IsSet(given[1]),
            separators is null ? null : Methods.Text(separators[0], "tojson").Value,
            separators is null ? ": " : Methods.Text(separators[1], "tojson").Value);
        var built = new JinjaTextBuilder();
        built.Append(json, PythonText.HasContent(value));
        return built.ToText();
    }

    private static JinjaDict DictOf(CallArguments arguments)
    {
        var dict = new JinjaDict();
        foreach ((string name, object value) in arguments.Named)
            dict.Set(JinjaText.Control(name), value);
        return dict;
    }

    private static bool IsSet(object? value) => value is not null && Operators.IsTrue(value);

    /// <summary>Changes each part of a text separately.</summary>
    private static JinjaText Map(JinjaText text, Func<string, string> change)
    {
        var builder = new JinjaTextBuilder();
        int start = 0;
        foreach (TextRun run in text.Runs)
        {
            builder.Append(change(text.Value[start..run.End]), run.IsContent);
            start = run.End;
        }

        return builder.ToText();
    }
}
