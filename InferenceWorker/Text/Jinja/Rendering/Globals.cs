using System.Globalization;
using System.Text;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    private const int MostRange = 100_000;

    /// <param name="time">The clock.</param>
    public static IEnumerable<KeyValuePair<string, object>> Of(TimeProvider time)
    {
        JinjaFunction[] functions =
        [
            new("range", Range),
            new("dict", arguments => MakeDict(arguments)),
            new("namespace", MakeNamespace),
            new("raise_exception", arguments => throw new RenderException(
                PythonText.Str(Methods.Required(arguments.Bind("raise_exception", "message")[0], "raise_exception")).Value)
            {
                IsRaisedByTemplate = true,
            }),
            new("strftime_now", arguments => JinjaText.Control(
                Format(time.GetLocalNow(), Methods.Text(arguments.Bind("strftime_now", "format")[0], "strftime_now").Value))),
        ];
        return functions.Select(function => KeyValuePair.Create<string, object>(function.Name, function));
    }

    private static JinjaList Range(CallArguments arguments)
    {
        object?[] given = arguments.Bind("range", "start", "stop", "step");
        long first = Methods.Whole(Methods.Required(given[0], "range"), 0);
        (long start, long stop) = given[1] is null ? (0, first) : (first, Methods.Whole(given[1], 0));
        long step = Methods.Whole(given[2], 1);
        if (step == 0)
            throw new RenderException("range() arg 3 must not be zero");

        var items = new List<object>();
        for (Int128 at = start; step > 0 ? at < stop : at > stop; at += step)
        {
            if (items.Count == MostRange)
                throw new RenderException($"range too big, the sandbox blocks ranges larger than {MostRange}");
            items.Add((long)at);
        }

        return new JinjaList(items);
    }

    private static JinjaDict MakeDict(CallArguments arguments)
    {
        var dict = new JinjaDict();
        if (arguments.Positional.Count > 1)
            throw new RenderException("dict expected at most 1 argument");
        if (arguments.Positional.Count == 1)
        {
            switch (arguments.Positional[0])
            {
                case JinjaDict other:
                    foreach ((object key, object value) in other.Items)
                        dict.Set(key, value);
                    break;
                case JinjaList pairs when pairs.Items.All(pair => pair is JinjaList { Items.Count: 2 }):
                    foreach (object pair in pairs.Items)
                        dict.Set(((JinjaList)pair).Items[0], ((JinjaList)pair).Items[1]);
                    break;
                default:
                    throw new RenderException($"'{Operators.TypeName(arguments.Positional[0])}' cannot be made a dict");
            }
        }

        foreach ((string name, object value) in arguments.Named)
            dict.Set(JinjaText.Control(name), value);
        return dict;
    }

    private static JinjaNamespace MakeNamespace(CallArguments arguments)
    {
        var space = new JinjaNamespace();
        foreach ((object key, object value) in MakeDict(arguments).Items)
            space.Attributes[PythonText.Str(key).Value] = value;
        return space;
    }

    /// <summary>Python's <c>strftime</c> in English.</summary>
    private static string Format(DateTimeOffset now, string format)
    {
        var written = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i == format.Length - 1)
            {
                written.Append(format[i]);
                continue;
            }

            bool isPlain = format[++i] == '-' && i < format.Length - 1;
            if (isPlain)
                i++;
            string part = Part(now, format[i]);
            written.Append(isPlain ? part.TrimStart('0') is { Length: > 0 } digits ? digits : "0" : part);
        }

        return written.ToString();
    }

    private static string Part(DateTimeOffset now, char directive)
    {
        return directive switch
        {
            'a' => In("ddd"),
            'A' => In("dddd"),
            'b' or 'h' => In("MMM"),
            'B' => In("MMMM"),
            'c' => $"{In("ddd MMM")} {now.Day,2} {In("HH:mm:ss yyyy")}",
            'd' => In("dd"),
            'D' or 'x' => In("MM/dd/yy"),
            'e' => $"{now.Day,2}",
            'f' => In("ffffff"),
            'F' => In("yyyy-MM-dd"),
            'H' => In("HH"),
            'I' => In("hh"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'm' => In("MM"),
            'M' => In("mm"),
            'n' => "\n",
            'p' => In("tt"),
            'R' => In("HH:mm"),
            's' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'S' => In("ss"),
            't' => "\t",
            'T' or 'X' => In("HH:mm:ss"),
            'u' => (now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'y' => In("yy"),
            'Y' => In("yyyy"),
            'z' or 'Z' => "",
            '%' => "%",
            _ => throw new RenderException($"strftime_now() does not know '%{directive}'"),
        };

        string In(string custom) => now.ToString(custom, CultureInfo.InvariantCulture);
    }
}
