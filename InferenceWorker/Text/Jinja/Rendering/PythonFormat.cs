using System.Globalization;
using System.Text.RegularExpressions;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>The simple part of Python's two ways of formatting: no widths and no flags.</summary>
internal static partial class PythonFormat
{
    [GeneratedRegex(
        @"%(?:\((?<key>[^)]*)\))?(?:\.(?<precision>\d{1,2}))?(?<kind>.)?", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex PercentField { get; }

    [GeneratedRegex(@"\{\{|\}\}|\{(?<name>\w*)\}|[{}]", RegexOptions.CultureInvariant)]
    private static partial Regex BraceField { get; }

    /// <summary><c>format % values</c>.</summary>
    public static JinjaText Percent(Interpreter run, JinjaText format, object values)
    {
        List<object> items = values is JinjaList { IsTuple: true } tuple ? tuple.Items : [values];
        int next = 0;
        bool isNamed = false;
        JinjaText result = Fill(format, PercentField, match =>
        {
            string kind = match.Groups["kind"].Value;
            if (kind == "%")
                return JinjaText.Control("%");

            object value;
            if (match.Groups["key"].Success)
            {
                isNamed = true;
                value = values is JinjaDict dict && dict.TryGet(match.Groups["key"].Value, out object? item)
                    ? item
                    : throw new RenderException($"format has no value for '{match.Groups["key"].Value}'");
            }
            else
            {
                value = next < items.Count ? items[next++] : throw new RenderException("not enough arguments for format string");
            }

            return kind switch
            {
                "s" => run.ToText(value),
                "r" => JinjaText.Of(PythonText.Repr(value), PythonText.HasContent(value)),
                "d" or "i" or "u" => JinjaText.Control(((long)Math.Truncate(Number(value))).ToString(CultureInfo.InvariantCulture)),
                "f" or "F" => JinjaText.Control(Number(value).ToString(
                    $"F{(match.Groups["precision"].Success ? match.Groups["precision"].Value : "6")}", CultureInfo.InvariantCulture)),
                "x" => JinjaText.Control(((long)Number(value)).ToString("x", CultureInfo.InvariantCulture)),
                _ => throw new RenderException($"the format '{match.Value}' is not supported"),
            };
        });
        return next == items.Count || isNamed || values is JinjaDict
            ? result
            : throw new RenderException("not all arguments converted during string formatting");
    }

    /// <summary><c>format.format(…)</c> with <c>{}</c>, <c>{0}</c> and <c>{name}</c>.</summary>
    public static JinjaText Braces(Interpreter run, JinjaText format, CallArguments arguments)
    {
        int next = 0;
        return Fill(format, BraceField, match =>
        {
            if (match.Value is "{{" or "}}")
                return JinjaText.Control(match.Value[..1]);
            if (!match.Groups["name"].Success)
                throw new RenderException("only {}, {0} and {name} are supported in format()");

            string name = match.Groups["name"].Value;
            if (name.Length > 0 && !char.IsAsciiDigit(name[0]))
            {
                return arguments.Named.TryGetValue(name, out object? value)
                    ? run.ToText(value)
                    : throw new RenderException($"format() has no argument '{name}'");
            }

            int index = name.Length == 0 ? next++ : int.TryParse(name, CultureInfo.InvariantCulture, out int given) ? given : int.MaxValue;
            return index < arguments.Positional.Count
                ? run.ToText(arguments.Positional[index])
                : throw new RenderException($"format() has no argument {index}");
        });
    }

    private static JinjaText Fill(JinjaText format, Regex field, Func<Match, JinjaText> fill)
    {
        var builder = new JinjaTextBuilder();
        int end = 0;
        foreach (Match match in field.Matches(format.Value))
        {
            builder.Append(format.Slice(end, match.Index - end));
            builder.Append(fill(match));
            end = match.Index + match.Length;
        }

        builder.Append(format.Slice(end, format.Value.Length - end));
        return builder.ToText();
    }

    private static double Number(object value) => Operators.AsNumber(value) is { } number
        ? Operators.AsDouble(number)
        : throw new RenderException($"format: a number is required, not {Operators.TypeName(value)}");
}
