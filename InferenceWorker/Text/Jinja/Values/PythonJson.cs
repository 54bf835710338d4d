using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace AiPlatform.InferenceWorker.Text.Jinja.Values;

/// <summary>JSON as Python's <c>json</c> writes it, and values made of JSON.</summary>
/// <param name="indent">The indentation of one level, or null for one line.</param>
/// <param name="sortsKeys">Whether keys are written in order.</param>
/// <param name="isAscii">Whether characters beyond ASCII are escaped.</param>
/// <param name="itemSeparator">The text between items.</param>
/// <param name="keySeparator">The text after a key.</param>
internal sealed class PythonJson(string? indent, bool sortsKeys, bool isAscii, string itemSeparator, string keySeparator)
{
    private readonly StringBuilder _to = new();

    public static string Write(
        object value,
        string? indent,
        bool sortsKeys = false,
        bool isAscii = false,
        string? itemSeparator = null,
        string keySeparator = ": ")
    {
        var writer = new PythonJson(indent, sortsKeys, isAscii, itemSeparator ?? (indent is null ? ", " : ","), keySeparator);
        writer.Add(value, depth: 0);
        return writer._to.ToString();
    }

    /// <summary>The value of a JSON element.</summary>
    /// <param name="element">The element.</param>
    /// <param name="isContent">Whether its strings count as content.</param>
    public static object Read(JsonElement element, bool isContent)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new JinjaDict();
                foreach (JsonProperty property in element.EnumerateObject())
                    dict.Set(JinjaText.Of(property.Name, isContent), Read(property.Value, isContent));
                return dict;
            case JsonValueKind.Array:
                return new JinjaList([.. element.EnumerateArray().Select(item => Read(item, isContent))]);
            case JsonValueKind.String:
                return JinjaText.Of(element.GetString()!, isContent); // not null: the kind is String
            case JsonValueKind.Number:
                return ReadNumber(element);
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            default:
                return JinjaNone.Value;
        }
    }

    private static object ReadNumber(JsonElement element)
    {
        if (element.TryGetInt64(out long whole))
            return whole;
        string raw = element.GetRawText();
        if (raw.AsSpan().ContainsAny('.', 'e', 'E'))
            return double.Parse(raw, CultureInfo.InvariantCulture);
        const int MostDigits = 1000;
        return raw.Length <= MostDigits
            ? BigInteger.Parse(raw, CultureInfo.InvariantCulture)
            : throw new RenderException($"a number has {raw.Length} digits; the most is {MostDigits}");
    }

    private void Add(object value, int depth)
    {
        Operators.EnsureStack();
        switch (value)
        {
            case JinjaNone:
                _to.Append("null");
                break;
            case bool flag:
                _to.Append(flag ? "true" : "false");
                break;
            case double number when !double.IsFinite(number):
                _to.Append(double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                break;
            case long or BigInteger or double:
                _to.Append(PythonText.Repr(value));
                break;
            case JinjaText text:
                AddString(text.Value);
                break;
            case JinjaList list:
                AddAll('[', ']', list.Items, depth, item => Add(item, depth + 1));
                break;
            case JinjaDict dict:
                AddAll('{', '}', InOrder(dict), depth, item =>
                {
                    AddString(Key(item.Key));
                    _to.Append(keySeparator);
                    Add(item.Value, depth + 1);
                });
                break;
            default:
                throw new RenderException($"Object of type {Operators.TypeName(value)} is not JSON serializable");
        }
    }

    private void AddAll<T>(char open, char close, IReadOnlyCollection<T> items, int depth, Action<T> add)
    {
        _to.Append(open);
        bool isFirst = true;
        foreach (T item in items)
        {
            if (!isFirst)
                _to.Append(itemSeparator);
            isFirst = false;
            BreakLine(depth + 1);
            add(item);
        }

        if (items.Count > 0)
            BreakLine(depth);
        _to.Append(close);
    }

    private void BreakLine(int depth)
    {
        if (indent is null)
            return;
        _to.Append('\n');
        for (int i = 0; i < depth; i++)
            _to.Append(indent);
    }

    private List<KeyValuePair<object, object>> InOrder(JinjaDict dict)
    {
        List<KeyValuePair<object, object>> items = [.. dict.Items];
        return sortsKeys
            ? [.. items.Order(Comparer<KeyValuePair<object, object>>.Create((one, two) => Operators.Compare(one.Key, two.Key, "<")))]
            : items;
    }

    private static string Key(object key) => key switch
    {
        JinjaText text => text.Value,
        JinjaNone => "null",
        bool flag => flag ? "true" : "false",
        long or double => PythonText.Repr(key),
        _ => throw new RenderException($"keys must be str, int, float, bool or None, not {Operators.TypeName(key)}"),
    };

    private void AddString(string text)
    {
        _to.Append('"');
        foreach (char unit in text)
        {
            _ = unit switch
            {
                '"' => _to.Append("\\\""),
                '\\' => _to.Append("\\\\"),
                '\n' => _to.Append("\\n"),
                '\r' => _to.Append("\\r"),
                '\t' => _to.Append("\\t"),
                '\b' => _to.Append("\\b"),
                '\f' => _to.Append("\\f"),
                < ' ' => _to.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"),
                > '~' when isAscii => _to.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"),
                _ => _to.Append(unit),
            };
        }

        _to.Append('"');
    }
}
