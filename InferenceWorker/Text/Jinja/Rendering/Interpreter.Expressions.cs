using AiPlatform.InferenceWorker.Text.Jinja.Parsing;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>Evaluates expressions.</summary>
internal sealed partial class Interpreter
{
    /// <summary>The items of a value that can be iterated.</summary>
    public List<object> Iterate(object value)
    {
        Budget.Charge(Weights.OfItems(value));
        return value switch
        {
            JinjaList list => list.Items,
            JinjaText text => [.. text.CodePoints()],
            JinjaDict dict => [.. dict.Items.Select(item => item.Key)],
            JinjaUndefined => [],
            _ => throw new RenderException($"'{Operators.TypeName(value)}' object is not iterable"),
        };
    }

    public JinjaText ToText(object value)
    {
        Budget.Charge(Weights.Of(value));
        return PythonText.Str(value);
    }

    public object ApplyFilter(string name, object value, CallArguments arguments)
    {
        ChargeFor(arguments);
        if (!Filters.Known.TryGetValue(name, out Filter? filter))
            throw new RenderException($"no filter is named '{name}'");
        bool isConstant = Filters.TakesConstantTime(name);
        Budget.Charge(isConstant && value is not JinjaText ? 1 : Weights.OfItems(value));
        object result = filter(this, value, arguments);
        if (!isConstant)
            Budget.Charge(Weights.OfItems(result));
        return result;
    }

    public bool ApplyTest(string name, object value, CallArguments arguments)
    {
        ChargeFor(arguments);
        foreach (object argument in arguments.Positional)
            Budget.Charge(Weights.Of(argument));
        if (value is JinjaText)
            Budget.Charge(Weights.Of(value));
        return ValueTests.Known.TryGetValue(name, out Test? test)
            ? test(this, value, arguments)
            : throw new RenderException($"no test is named '{name}'");
    }

    public object Call(object target, CallArguments arguments)
    {
        ChargeFor(arguments);
        object result = target switch
        {
            JinjaFunction function => function.Call(arguments),
            Macro macro => macro.Call(arguments),
            LoopState loop => loop.Recurse(arguments),
            JinjaUndefined missing => throw new RenderException(missing.Problem),
            _ => throw new RenderException($"'{Operators.TypeName(target)}' object is not callable"),
        };
        Budget.Charge(result is JinjaDict ? 1 : Weights.OfItems(result));
        return result;
    }

    /// <summary><c>target.name</c>: an attribute, or else the item of this name.</summary>
    public object Attribute(object target, string name) => target switch
    {
        JinjaUndefined missing => throw new RenderException(missing.Problem),
        JinjaNamespace space when space.Attributes.TryGetValue(name, out object? value) => value,
        JinjaObject one when one.Attribute(name) is { } value => value,
        JinjaDict or JinjaText or JinjaList when Methods.Find(this, target, name) is { } method => method,
        JinjaDict dict when dict.TryGet(name, out object? value) => value,
        _ => Missing(target, name),
    };

    /// <summary><c>target[index]</c>: an item, or else the attribute of this name.</summary>
    public object Item(object target, object index)
    {
        switch (target)
        {
            case JinjaUndefined missing:
                throw new RenderException(missing.Problem);
            case JinjaDict dict when dict.TryGet(index, out object? value):
                return value;
            case JinjaList list when Operators.AsNumber(index) is long number:
                return At(number, list.Items.Count) is { } place ? list.Items[place] : MissingItem(target, index);
            case JinjaText text when Operators.AsNumber(index) is long number:
                Budget.Charge(Weights.Of(text));
                int[]? starts = text.CodePointStarts();
                if (At(number, starts is null ? text.Value.Length : starts.Length - 1) is not { } at)
                    return MissingItem(target, index);
                return starts is null ? text.Slice(at, 1) : text.Slice(starts[at], starts[at + 1] - starts[at]);
        }

        return index is JinjaText name
            ? target is JinjaDict
                ? Methods.Find(this, target, name.Value) ?? (object)Missing(target, name.Value)
                : Attribute(target, name.Value)
            : MissingItem(target, index);
    }

    private static JinjaDict DictOf(IEnumerable<KeyValuePair<string, object>> items)
    {
        var dict = new JinjaDict();
        foreach ((string name, object value) in items)
            dict.Set(JinjaText.Control(name), value);
        return dict;
    }

    private static int? At(long index, int count)
    {
        if (index < 0)
            index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static JinjaUndefined Missing(object target, string name) =>
        new($"'{(target is JinjaDict or JinjaList or JinjaText ? $"{Operators.TypeName(target)} object" : Operators.TypeName(target))}' "
            + $"has no attribute '{name}'");

    private static JinjaUndefined MissingItem(object target, object index) =>
        new($"{Operators.TypeName(target)} object has no element {PythonText.Repr(index)}");

    private object Evaluate(Expression expression, Scope scope)
    {
        Operators.EnsureStack();
        Budget.Charge(1);
        return expression switch
        {
            ConstantExpression constant => constant.Value,
            NameExpression name => scope.TryGet(name.Name, out object? value) ? value : new JinjaUndefined($"'{name.Name}' is undefined"),
            ListExpression list => new JinjaList(list.Items.ConvertAll(item => Evaluate(item, scope)), list.IsTuple),
            DictExpression dict => EvaluateDict(dict, scope),
            AttributeExpression attribute => Attribute(Evaluate(attribute.Target, scope), attribute.Name),
            ItemExpression { Index: SliceExpression slice } item => EvaluateSlice(Evaluate(item.Target, scope), slice, scope),
            ItemExpression item => Item(Evaluate(item.Target, scope), Evaluate(item.Index, scope)),
            CallExpression call => Call(Evaluate(call.Target, scope), EvaluateArguments(call.Arguments, scope)),
            FilterExpression filter =>
                ApplyFilter(filter.Name, Evaluate(filter.Target!, scope), EvaluateArguments(filter.Arguments, scope)),
            TestExpression test => ApplyTest(test.Name, Evaluate(test.Target, scope), EvaluateArguments(test.Arguments, scope)),
            UnaryExpression unary => EvaluateUnary(unary, scope),
            BinaryExpression binary => EvaluateBinary(binary, scope),
            ConcatExpression concat => JinjaText.Concat([.. concat.Parts.Select(part => ToText(Evaluate(part, scope)))]),
            CompareExpression compare => EvaluateCompare(compare, scope),
            ConditionExpression condition => EvaluateCondition(condition, scope),
            _ => throw new RenderException("a slice is outside brackets"),
        };
    }

    private object ApplyFilters(FilterExpression filter, object value, Scope scope)
    {
        if (filter.Target is FilterExpression first)
            value = ApplyFilters(first, value, scope);
        return ApplyFilter(filter.Name, value, EvaluateArguments(filter.Arguments, scope));
    }

    private CallArguments EvaluateArguments(Arguments arguments, Scope scope)
    {
        if (arguments == Arguments.None)
            return CallArguments.None;

        List<object> positional = arguments.Positional.ConvertAll(argument => Evaluate(argument, scope));
        if (arguments.AllPositional is not null)
            positional.AddRange(Iterate(Evaluate(arguments.AllPositional, scope)));

        var named = new Dictionary<string, object>();
        foreach ((string name, Expression value) in arguments.Named)
            named.Add(name, Evaluate(value, scope));
        if (arguments.AllNamed is not null)
        {
            if (Evaluate(arguments.AllNamed, scope) is not JinjaDict all)
                throw new RenderException("the value after ** is not a mapping");
            foreach ((object key, object value) in all.Items)
            {
                if (key is not JinjaText name || !named.TryAdd(name.Value, value))
                    throw new RenderException("the keys that follow ** are not strings, or given twice");
            }
        }

        return new CallArguments(positional, named);
    }

    private JinjaDict EvaluateDict(DictExpression expression, Scope scope)
    {
        var dict = new JinjaDict();
        foreach ((Expression key, Expression value) in expression.Items)
            dict.Set(Evaluate(key, scope), Evaluate(value, scope));
        return dict;
    }

    private object EvaluateUnary(UnaryExpression expression, Scope scope)
    {
        object operand = Evaluate(expression.Operand, scope);
        return expression.Operation switch
        {
            "not" => !Operators.IsTrue(operand),
            "-" => Operators.Negate(operand),
            _ => operand is JinjaUndefined missing
                ? throw new RenderException(missing.Problem)
                : Operators.AsNumber(operand)
                    ?? throw new RenderException($"bad operand type for unary +: '{Operators.TypeName(operand)}'"),
        };
    }

    private object EvaluateBinary(BinaryExpression expression, Scope scope)
    {
        object left = Evaluate(expression.Left, scope);
        switch (expression.Operation)
        {
            case "and":
                return Operators.IsTrue(left) ? Evaluate(expression.Right, scope) : left;
            case "or":
                return Operators.IsTrue(left) ? left : Evaluate(expression.Right, scope);
        }

        object right = Evaluate(expression.Right, scope);
        Budget.Charge(Weights.OfItems(left) + Weights.OfItems(right));
        return expression.Operation switch
        {
            "+" => Operators.Add(left, right),
            "*" when left is JinjaText or JinjaList && Operators.AsNumber(right) is long count => Repeat(left, count),
            "*" when right is JinjaText or JinjaList && Operators.AsNumber(left) is long count => Repeat(right, count),
            "%" when left is JinjaText format => PythonFormat.Percent(this, format, right),
            _ => Operators.Calculate(expression.Operation, left, right),
        };
    }

    private object Repeat(object value, long count)
    {
        count = Math.Max(0, count);
        if (count > RenderBudget.MostSteps)
            throw new RenderException("a value is repeated too often");
        Budget.Charge(count * Weights.Of(value));
        if (value is JinjaList list)
            return new JinjaList([.. Enumerable.Repeat(list.Items, (int)count).SelectMany(items => items)], list.IsTuple);

        var builder = new JinjaTextBuilder();
        for (; count > 0; count--)
            builder.Append((JinjaText)value);
        return builder.ToText();
    }

    private bool EvaluateCompare(CompareExpression expression, Scope scope)
    {
        object left = Evaluate(expression.First, scope);
        foreach ((string operation, Expression side) in expression.Rest)
        {
            object right = Evaluate(side, scope);
            bool isSearch = operation is "in" or "not in";
            Budget.Charge(isSearch ? right is JinjaDict ? 1 : Weights.Of(right) : Math.Min(Weights.Of(left), Weights.Of(right)));
            bool holds = operation switch
            {
                "==" => Operators.AreEqual(left, right),
                "!=" => !Operators.AreEqual(left, right),
                "in" => Operators.Contains(right, left),
                "not in" => !Operators.Contains(right, left),
                "<" => Operators.Compare(left, right, operation) < 0,
                "<=" => Operators.Compare(left, right, operation) <= 0,
                ">" => Operators.Compare(left, right, operation) > 0,
                _ => Operators.Compare(left, right, operation) >= 0,
            };
            if (!holds)
                return false;
            left = right;
        }

        return true;
    }

    private object EvaluateCondition(ConditionExpression expression, Scope scope)
    {
        if (Operators.IsTrue(Evaluate(expression.Test, scope)))
            return Evaluate(expression.Then, scope);
        return expression.Else is null
            ? new JinjaUndefined("the inline if-expression evaluated to false and no else section was defined")
            : Evaluate(expression.Else, scope);
    }

    private object EvaluateSlice(object target, SliceExpression slice, Scope scope)
    {
        long? start = Bound(slice.Start);
        long? stop = Bound(slice.Stop);
        long step = Math.Clamp(Bound(slice.Step) ?? 1, -int.MaxValue, int.MaxValue);
        if (step == 0)
            throw new RenderException("slice step cannot be zero");

        Budget.Charge(Weights.OfItems(target));
        switch (target)
        {
            case JinjaList list:
                return new JinjaList([.. Places(list.Items.Count).Select(place => list.Items[place])], list.IsTuple);
            case JinjaText text:
                int[]? starts = text.CodePointStarts();
                List<int> places = Places(starts is null ? text.Value.Length : starts.Length - 1);
                if (places.Count == 0)
                    return JinjaText.Empty;
                if (step == 1)
                {
                    int from = starts?[places[0]] ?? places[0];
                    return text.Slice(from, (starts?[places[^1] + 1] ?? places[^1] + 1) - from);
                }

                var builder = new JinjaTextBuilder();
                foreach (int place in places)
                    builder.Append(starts is null ? text.Slice(place, 1) : text.Slice(starts[place], starts[place + 1] - starts[place]));
                return builder.ToText();
            case JinjaUndefined missing:
                throw new RenderException(missing.Problem);
            default:
                return new JinjaUndefined($"{Operators.TypeName(target)} object cannot be sliced");
        }

        long? Bound(Expression? expression) => expression is null ? null : Evaluate(expression, scope) switch
        {
            JinjaNone => null,
            object value when Operators.AsNumber(value) is long number => number,
            _ => throw new RenderException("slice indices must be integers or None or have an __index__ method"),
        };

        List<int> Places(int count)
        {
            long first = Clamp(start ?? (step > 0 ? 0 : long.MaxValue), count);
            long last = stop is null && step < 0 ? -1 : Clamp(stop ?? long.MaxValue, count);
            var found = new List<int>();
            for (long place = first; step > 0 ? place < last : place > last; place = Math.Clamp(place + step, -1, count))
                found.Add((int)place);
            return found;
        }

        long Clamp(long bound, int count)
        {
            if (bound < 0)
                bound = bound < -count ? -1 : bound + count;
            return step > 0 ? Math.Clamp(bound, 0, count) : Math.Clamp(bound, -1, count - 1);
        }
    }

    private void ChargeFor(CallArguments arguments)
    {
        Budget.Charge(1);
        foreach (object argument in arguments.Positional)
            Budget.Charge(argument is JinjaText ? Weights.Of(argument) : 1);
        foreach (object argument in arguments.Named.Values)
            Budget.Charge(argument is JinjaText ? Weights.Of(argument) : 1);
    }
}
