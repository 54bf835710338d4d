using System.Text;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>The methods of strings, lists and dictionaries. Those that change their object are refused, as in Jinja2's sandbox.</summary>
internal static class Methods
{
    private static readonly string[] Changing =
    [
        "append", "extend", "insert", "remove", "sort", "reverse", "clear", "pop", "popitem", "setdefault", "update",
    ];

    /// <summary>The method of this name, or null.</summary>
    public static JinjaFunction? Find(Interpreter run, object target, string name)
    {
        Func<CallArguments, object>? method = target switch
        {
            JinjaText text => OfText(run, text, name),
            JinjaDict dict => OfDict(dict, name),
            JinjaList list => OfList(run, list, name),
            _ => null,
        };
        if (method is not null && target is JinjaText)
            run.Budget.Charge(Weights.Of(target));
        if (method is null && target is not JinjaText && Changing.Contains(name) && (target is JinjaDict || name is not "update"))
            method = _ => throw new RenderException($"'{name}' would change its {Operators.TypeName(target)}, which templates cannot do");
        return method is null ? null : new JinjaFunction(name, method);
    }

    private static Func<CallArguments, object>? OfDict(JinjaDict dict, string name) => name switch
    {
        "items" => _ => new JinjaList([.. dict.Items.Select(item => new JinjaList([item.Key, item.Value], isTuple: true))]),
        "keys" => _ => new JinjaList([.. dict.Items.Select(item => item.Key)]),
        "values" => _ => new JinjaList([.. dict.Items.Select(item => item.Value)]),
        "copy" => _ => dict,
        "get" => arguments =>
        {
            object?[] given = arguments.Bind(name, "key", "default");
            return dict.TryGet(Required(given[0], name), out object? value) ? value : given[1] ?? JinjaNone.Value;
        }
        ,
        _ => null,
    };

    private static Func<CallArguments, object>? OfList(Interpreter run, JinjaList list, string name) => name switch
    {
        "index" => arguments => Matches(run, list, arguments).FindIndex(isMatch => isMatch) is >= 0 and int found
            ? (long)found
            : throw new RenderException("the value is not in the list"),
        "count" => arguments => (long)Matches(run, list, arguments).Count(isMatch => isMatch),
        "copy" => _ => list,
        _ => null,
    };

    private static List<bool> Matches(Interpreter run, JinjaList list, CallArguments arguments)
    {
        object value = Required(arguments.Bind("index", "value")[0], "index");
        run.Budget.Charge(Weights.Of(list));
        return list.Items.ConvertAll(item => Operators.AreEqual(item, value));
    }

    private static Func<CallArguments, object>? OfText(Interpreter run, JinjaText text, string name) => name switch
    {
        "strip" => arguments => TextFunctions.Trim(text, OptionalText(arguments.Bind(name, "chars")[0])),
        "lstrip" => arguments => TextFunctions.Trim(text, OptionalText(arguments.Bind(name, "chars")[0]), atEnd: false),
        "rstrip" => arguments => TextFunctions.Trim(text, OptionalText(arguments.Bind(name, "chars")[0]), atStart: false),
        "split" or "rsplit" => arguments =>
        {
            object?[] given = arguments.Bind(name, "sep", "maxsplit");
            return TextFunctions.Split(text, OptionalText(given[0]), Whole(given[1], -1), fromEnd: name == "rsplit");
        }
        ,
        "splitlines" => arguments =>
            new JinjaList([.. PythonStrings.Lines(text, arguments.Bind(name, "keepends")[0] is { } keeps && Operators.IsTrue(keeps))]),
        "startswith" => arguments => AnyAffix(arguments, name, affix => text.Value.StartsWith(affix, StringComparison.Ordinal)),
        "endswith" => arguments => AnyAffix(arguments, name, affix => text.Value.EndsWith(affix, StringComparison.Ordinal)),
        "upper" => _ => TextFunctions.Upper(text),
        "lower" or "casefold" => _ => TextFunctions.Lower(text),
        "title" => _ => TextFunctions.Title(text),
        "capitalize" => _ => TextFunctions.Capitalize(text),
        "swapcase" => _ => text.With(string.Concat(text.Value.Select(
            unit => char.IsUpper(unit) ? char.ToLowerInvariant(unit) : char.ToUpperInvariant(unit)))),
        "replace" => arguments =>
        {
            object?[] given = arguments.Bind(name, "old", "new", "count");
            return TextFunctions.Replace(text, Text(given[0], name), Text(given[1], name), Whole(given[2], -1));
        }
        ,
        "join" => arguments => Join(run, text, Required(arguments.Bind(name, "iterable")[0], name)),
        "find" => arguments => Index(text, text.Value.IndexOf(Text(arguments.Bind(name, "sub")[0], name).Value, StringComparison.Ordinal)),
        "rfind" => arguments =>
            Index(text, text.Value.LastIndexOf(Text(arguments.Bind(name, "sub")[0], name).Value, StringComparison.Ordinal)),
        "index" => arguments =>
            Index(text, text.Value.IndexOf(Text(arguments.Bind(name, "sub")[0], name).Value, StringComparison.Ordinal)) is >= 0 and long at
                ? at
                : throw new RenderException("substring not found"),
        "count" => arguments => Count(text, Text(arguments.Bind(name, "sub")[0], name)),
        "format" => arguments => PythonFormat.Braces(run, text, arguments),
        "removeprefix" => arguments => Text(arguments.Bind(name, "prefix")[0], name).Value is var prefix
            && text.Value.StartsWith(prefix, StringComparison.Ordinal) ? text.Slice(prefix.Length..) : text,
        "removesuffix" => arguments => Text(arguments.Bind(name, "suffix")[0], name).Value is var suffix
            && text.Value.EndsWith(suffix, StringComparison.Ordinal) ? text.Slice(..^suffix.Length) : text,
        "partition" or "rpartition" => arguments => Partition(text, Text(arguments.Bind(name, "sep")[0], name), fromEnd: name[0] == 'r'),
        "ljust" or "rjust" or "center" => arguments =>
        {
            object?[] given = arguments.Bind(name, "width", "fillchar");
            JinjaText fill = given[1] is { } character ? Text(character, name) : JinjaText.Control(" ");
            return TextFunctions.Pad(text, Whole(Required(given[0], name), 0), fill, atStart: name != "ljust", atEnd: name != "rjust");
        }
        ,
        "zfill" => arguments => TextFunctions.Pad(
            text, Whole(Required(arguments.Bind(name, "width")[0], name), 0), JinjaText.Control("0"), atStart: true, atEnd: false),
        "isdigit" or "isnumeric" or "isdecimal" => _ => All(text, rune => Rune.IsDigit(rune)),
        "isalpha" => _ => All(text, Rune.IsLetter),
        "isalnum" => _ => All(text, Rune.IsLetterOrDigit),
        "isspace" => _ => PythonStrings.IsBlank(text.Value.AsSpan()),
        "isupper" => _ => ValueTests.IsUpper(text.Value),
        "islower" => _ => ValueTests.IsLower(text.Value),
        _ => null,
    };

    public static JinjaText Join(Interpreter run, JinjaText separator, object items)
    {
        var builder = new JinjaTextBuilder();
        bool isFirst = true;
        foreach (object item in run.Iterate(items))
        {
            if (!isFirst)
                builder.Append(separator);
            isFirst = false;
            builder.Append(item as JinjaText
                ?? throw new RenderException($"join() needs strings, not {Operators.TypeName(item)}"));
        }

        return builder.ToText();
    }

    public static long Whole(object? value, long standard) => value switch
    {
        null or JinjaNone => standard,
        _ when Operators.AsNumber(value) is long number => number,
        _ => throw new RenderException($"'{Operators.TypeName(value)}' object cannot be interpreted as an integer"),
    };

    public static JinjaText Text(object? value, string function) => value as JinjaText
        ?? throw new RenderException($"{function}() needs a string, not {(value is null ? "nothing" : Operators.TypeName(value))}");

    public static object Required(object? value, string function) =>
        value ?? throw new RenderException($"{function}() misses an argument");

    private static JinjaText? OptionalText(object? value) => value is null or JinjaNone ? null : Text(value, "strip");

    private static bool AnyAffix(CallArguments arguments, string name, Func<string, bool> isAffix)
    {
        object affix = Required(arguments.Bind(name, "prefix")[0], name);
        return affix is JinjaList { IsTuple: true } several
            ? several.Items.Any(one => isAffix(Text(one, name).Value))
            : isAffix(Text(affix, name).Value);
    }

    private static long Index(JinjaText text, int unit) => unit <= 0 ? unit : text.Slice(0, unit).Length;

    private static long Count(JinjaText text, JinjaText part)
    {
        if (part.Value.Length == 0)
            return text.Length + 1;
        long count = 0;
        for (int at = 0; text.Value.IndexOf(part.Value, at, StringComparison.Ordinal) is >= 0 and int found; at = found + part.Value.Length)
            count++;
        return count;
    }

    private static JinjaList Partition(JinjaText text, JinjaText separator, bool fromEnd)
    {
        if (separator.Value.Length == 0)
            throw new RenderException("empty separator");
        int at = fromEnd
            ? text.Value.LastIndexOf(separator.Value, StringComparison.Ordinal)
            : text.Value.IndexOf(separator.Value, StringComparison.Ordinal);
        if (at >= 0)
            return new JinjaList([text.Slice(..at), separator, text.Slice((at + separator.Value.Length)..)], isTuple: true);
        return fromEnd
            ? new JinjaList([JinjaText.Empty, JinjaText.Empty, text], isTuple: true)
            : new JinjaList([text, JinjaText.Empty, JinjaText.Empty], isTuple: true);
    }

    private static object All(JinjaText text, Func<Rune, bool> holds) => text.Value.Length > 0 && text.Value.EnumerateRunes().All(holds);
}
