using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>The filters of sequences and dictionaries.</summary>
internal static class SequenceFilters
{
    private const int MostParts = 100_000;

    public static readonly Dictionary<string, Filter> Known = new()
    {
        ["length"] = (_, value, _) => Length(value),
        ["count"] = (_, value, _) => Length(value),
        ["first"] = (run, value, _) => Items(run, value) is [var item, ..] ? item : Empty("first"),
        ["last"] = (run, value, _) => Items(run, value) is [.., var item] ? item : Empty("last"),
        ["list"] = (run, value, _) => new JinjaList([.. run.Iterate(value)]),
        ["join"] = Join,
        ["reverse"] = (run, value, _) => value is JinjaText text
            ? JinjaText.Concat([.. text.CodePoints().Reverse()])
            : new JinjaList([.. Enumerable.Reverse(run.Iterate(value))]),
        ["items"] = (_, value, _) => value switch
        {
            JinjaUndefined => new JinjaList([]),
            JinjaDict dict => new JinjaList([.. dict.Items.Select(Pair)]),
            _ => throw new RenderException("Can only get item pairs from a mapping."),
        },
        ["map"] = Map,
        ["select"] = (run, value, arguments) => Select(run, value, arguments, keeps: true),
        ["reject"] = (run, value, arguments) => Select(run, value, arguments, keeps: false),
        ["selectattr"] = (run, value, arguments) => SelectAttribute(run, value, arguments, keeps: true),
        ["rejectattr"] = (run, value, arguments) => SelectAttribute(run, value, arguments, keeps: false),
        ["sort"] = Sort,
        ["dictsort"] = SortDict,
        ["unique"] = Unique,
        ["groupby"] = Group,
        ["min"] = (run, value, arguments) => Extreme(run, value, arguments, "min", order => order < 0),
        ["max"] = (run, value, arguments) => Extreme(run, value, arguments, "max", order => order > 0),
        ["sum"] = Sum,
        ["batch"] = Batch,
        ["slice"] = Slice,
    };

    private static List<object> Items(Interpreter run, object value) => value is JinjaList list ? list.Items : run.Iterate(value);

    private static JinjaUndefined Empty(string name) => new($"No {name} item, sequence was empty.");

    private static object Pair(KeyValuePair<object, object> item) => new JinjaList([item.Key, item.Value], isTuple: true);

    private static long Length(object value) => value switch
    {
        JinjaText text => (long)text.Length,
        JinjaList list => (long)list.Items.Count,
        JinjaDict dict => (long)dict.Count,
        JinjaUndefined => 0L,
        _ => throw new RenderException($"object of type '{Operators.TypeName(value)}' has no len()"),
    };

    private static JinjaText Join(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("join", "d", "attribute");
        JinjaText separator = given[0] is null ? JinjaText.Empty : run.ToText(given[0]!); // not null: just asked
        Func<object, object> part = Getter(run, given[1]);
        var builder = new JinjaTextBuilder();
        bool isFirst = true;
        foreach (object item in run.Iterate(value))
        {
            if (!isFirst)
                builder.Append(separator);
            isFirst = false;
            builder.Append(run.ToText(part(item)));
        }

        return builder.ToText();
    }

    private static JinjaList Map(Interpreter run, object value, CallArguments arguments)
    {
        List<object> items = run.Iterate(value);
        if (arguments.Positional.Count == 0)
        {
            object?[] given = arguments.Bind("map", "attribute", "default");
            Func<object, object> part = Getter(run, Methods.Required(given[0], "map"));
            return new JinjaList(items.ConvertAll(item => part(item) is var found && found is JinjaUndefined ? given[1] ?? found : found));
        }

        string name = Methods.Text(arguments.Positional[0], "map").Value;
        CallArguments rest = arguments.Skip(1);
        return new JinjaList(items.ConvertAll(item => run.ApplyFilter(name, item, rest)));
    }

    private static JinjaList Select(Interpreter run, object value, CallArguments arguments, bool keeps) =>
        new JinjaList(run.Iterate(value).FindAll(item => Holds(run, item, arguments) == keeps));

    private static JinjaList SelectAttribute(Interpreter run, object value, CallArguments arguments, bool keeps)
    {
        if (arguments.Positional.Count == 0)
            throw new RenderException("Missing parameter for attribute name");
        Func<object, object> part = Getter(run, arguments.Positional[0]);
        CallArguments rest = arguments.Skip(1);
        return new JinjaList(run.Iterate(value).FindAll(item => Holds(run, part(item), rest) == keeps));
    }

    private static bool Holds(Interpreter run, object item, CallArguments arguments) => arguments.Positional.Count == 0
        ? Operators.IsTrue(item)
        : run.ApplyTest(Methods.Text(arguments.Positional[0], "select").Value, item, arguments.Skip(1));

    private static JinjaList Sort(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        List<Func<object, object>> keys = given[2] is JinjaText attributes
            ? [.. attributes.Value.Split(',').Select(name => Getter(run, JinjaText.Control(name.Trim())))]
            : [Getter(run, given[2])];
        bool isSensitive = IsSet(given[1]);
        return new JinjaList(InOrder(
            run, run.Iterate(value), item => new JinjaList(keys.ConvertAll(key => Folded(key(item), isSensitive))), IsSet(given[0])));
    }

    private static JinjaList SortDict(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        if (value is not JinjaDict dict)
            throw new RenderException($"'{Operators.TypeName(value)}' object has no items to sort");
        int part = given[1] is JinjaText { Value: "value" } ? 1 : 0;
        bool isSensitive = IsSet(given[0]);
        return new JinjaList(InOrder(
            run, [.. dict.Items.Select(Pair)], item => Folded(((JinjaList)item).Items[part], isSensitive), IsSet(given[2])));
    }

    private static List<object> InOrder(Interpreter run, List<object> items, Func<object, object> key, bool isReversed)
    {
        List<(object Key, object Item)> keyed = items.ConvertAll(item => (key(item), item));
        var comparer = Comparer<object>.Create((one, two) =>
        {
            run.Budget.Charge(Weights.Of(one) + Weights.Of(two));
            int order = Operators.Compare(one, two, "<");
            return isReversed ? -order : order;
        });
        try
        {
            return [.. keyed.OrderBy(one => one.Key, comparer).Select(one => one.Item)];
        }
        catch (InvalidOperationException e) when (e.InnerException is RenderException problem)
        {
            throw problem;
        }
    }

    private static JinjaList Unique(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("unique", "case_sensitive", "attribute");
        Func<object, object> key = Getter(run, given[1]);
        var seen = new JinjaDict();
        var items = new List<object>();
        foreach (object item in run.Iterate(value))
        {
            object one = Folded(key(item), IsSet(given[0]));
            if (seen.TryGet(one, out _))
                continue;
            seen.Set(one, true);
            items.Add(item);
        }

        return new JinjaList(items);
    }

    private static JinjaList Group(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("groupby", "attribute", "default", "case_sensitive");
        Func<object, object> part = Getter(run, Methods.Required(given[0], "groupby"));
        bool isSensitive = IsSet(given[2]);
        object Key(object item) => part(item) is var found && found is JinjaUndefined ? given[1] ?? found : found;

        var groups = new List<(object Key, List<object> Items)>();
        foreach (object item in InOrder(run, run.Iterate(value), item => Folded(Key(item), isSensitive), isReversed: false))
        {
            object key = Key(item);
            if (groups.Count == 0 || !Operators.AreEqual(Folded(groups[^1].Key, isSensitive), Folded(key, isSensitive)))
                groups.Add((key, []));
            groups[^1].Items.Add(item);
        }

        return new JinjaList(groups.ConvertAll(object (group) => new JinjaList([group.Key, new JinjaList(group.Items)], isTuple: true)));
    }

    private static object Extreme(Interpreter run, object value, CallArguments arguments, string name, Func<int, bool> isBetter)
    {
        object?[] given = arguments.Bind(name, "case_sensitive", "attribute");
        Func<object, object> part = Getter(run, given[1]);
        object? best = null;
        object? bestKey = null;
        foreach (object item in run.Iterate(value))
        {
            object key = Folded(part(item), IsSet(given[0]));
            run.Budget.Charge(Weights.Of(key));
            if (bestKey is null || isBetter(Operators.Compare(key, bestKey, "<")))
                (best, bestKey) = (item, key);
        }

        return best ?? new JinjaUndefined("No aggregated item, sequence was empty.");
    }

    private static object Sum(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("sum", "attribute", "start");
        Func<object, object> part = Getter(run, given[0]);
        object sum = given[1] ?? 0L;
        foreach (object item in run.Iterate(value))
        {
            sum = Operators.Add(sum, part(item));
            run.Budget.Charge(Weights.Of(sum));
        }

        return sum;
    }

    private static JinjaList Batch(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("batch", "linecount", "fill_with");
        long size = Parts(given[0], "batch");
        var rows = new List<object>();
        foreach (object[] row in run.Iterate(value).Chunk((int)size))
        {
            List<object> items = [.. row];
            while (given[1] is { } fill and not JinjaNone && items.Count < size)
                items.Add(fill);
            rows.Add(new JinjaList(items));
        }

        return new JinjaList(rows);
    }

    private static JinjaList Slice(Interpreter run, object value, CallArguments arguments)
    {
        object?[] given = arguments.Bind("slice", "slices", "fill_with");
        long count = Parts(given[0], "slice");
        List<object> items = run.Iterate(value);
        run.Budget.Charge(count);
        (int size, int longer) = ((int)(items.Count / count), (int)(items.Count % count));
        var columns = new List<object>();
        int start = 0;
        for (int i = 0; i < count; i++)
        {
            int length = i < longer ? size + 1 : size;
            List<object> column = items.GetRange(start, length);
            if (given[1] is { } fill and not JinjaNone && longer > 0 && i >= longer)
                column.Add(fill);
            columns.Add(new JinjaList(column));
            start += length;
        }

        return new JinjaList(columns);
    }

    private static long Parts(object? value, string name) => Methods.Whole(Methods.Required(value, name), 0) switch
    {
        >= 1 and <= MostParts and long parts => parts,
        long parts => throw new RenderException($"{name}() needs a number from 1 to {MostParts}, not {parts}"),
    };

    private static bool IsSet(object? value) => value is not null && Operators.IsTrue(value);

    private static object Folded(object value, bool isSensitive) =>
        !isSensitive && value is JinjaText text ? TextFunctions.Lower(text) : value;

    /// <summary>
    /// Reads an attribute by its path, such as <c>function.name</c> or <c>0</c>; without a path it returns the item itself.
    /// </summary>
    private static Func<object, object> Getter(Interpreter run, object? attribute)
    {
        if (attribute is null or JinjaNone)
            return item => item;
        if (Operators.AsNumber(attribute) is long index)
            return item => run.Item(item, index);
        string[] path = Methods.Text(attribute, "attribute").Value.Split('.');
        return item => path.Aggregate(
            item, (at, name) => run.Item(at, long.TryParse(name, out long number) ? number : JinjaText.Control(name)));
    }
}
