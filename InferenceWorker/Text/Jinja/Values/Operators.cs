using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace AiPlatform.InferenceWorker.Text.Jinja.Values;

/// <summary>Python's operators on values.</summary>
internal static class Operators
{
    private const int MostPower = 64;

    /// <summary>Python's name of a value's type.</summary>
    public static string TypeName(object value) => value switch
    {
        JinjaNone => "NoneType",
        JinjaUndefined => "Undefined",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        JinjaText => "str",
        JinjaList list => list.IsTuple ? "tuple" : "list",
        JinjaDict => "dict",
        JinjaNamespace => "Namespace",
        JinjaObject one => one.TypeName,
        _ => value.GetType().Name,
    };

    public static bool IsTrue(object value) => value switch
    {
        JinjaNone or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        BigInteger number => !number.IsZero,
        JinjaText text => text.Value.Length > 0,
        JinjaList list => list.Items.Count > 0,
        JinjaDict dict => dict.Count > 0,
        _ => true,
    };

    /// <summary>A value as a number; a bool is 0 or 1.</summary>
    public static object? AsNumber(object value) => value switch
    {
        bool flag => flag ? 1L : 0L,
        long or double => value,
        BigInteger number => (double)number,
        _ => null,
    };

    public static double AsDouble(object number) => number is long whole ? whole : (double)number;

    public static bool AreEqual(object left, object right)
    {
        EnsureStack();
        switch (left, right)
        {
            case (JinjaText one, JinjaText two):
                return one.Value == two.Value;
            case (JinjaList one, JinjaList two):
                return one.IsTuple == two.IsTuple && one.Items.Count == two.Items.Count && one.Items.Zip(two.Items).All(AreEqualPair);
            case (JinjaDict one, JinjaDict two):
                return one.Count == two.Count
                    && one.Items.All(item => two.TryGet(item.Key, out object? other) && AreEqual(item.Value, other));
            case (JinjaUndefined, JinjaUndefined):
                return true;
            case (BigInteger one, BigInteger two):
                return one == two;
        }

        if (AsNumber(left) is { } first && AsNumber(right) is { } second)
            return first is long a && second is long b ? a == b : AsDouble(first) == AsDouble(second);
        return ReferenceEquals(left, right);

        static bool AreEqualPair((object First, object Second) pair) => AreEqual(pair.First, pair.Second);
    }

    /// <summary>Compares two values, as <c>&lt;</c> and similar operators do.</summary>
    /// <param name="left">The left side.</param>
    /// <param name="right">The right side.</param>
    /// <param name="operation">The operator, for the message.</param>
    public static int Compare(object left, object right, string operation)
    {
        EnsureStack();
        if (AsNumber(left) is { } first && AsNumber(right) is { } second)
            return first is long a && second is long b ? a.CompareTo(b) : AsDouble(first).CompareTo(AsDouble(second));
        if (left is JinjaText one && right is JinjaText two)
            return CompareCodePoints(one.Value, two.Value);
        if (left is JinjaList these && right is JinjaList those && these.IsTuple == those.IsTuple)
        {
            foreach ((object mine, object other) in these.Items.Zip(those.Items))
            {
                if (!AreEqual(mine, other))
                    return Compare(mine, other, operation);
            }

            return these.Items.Count.CompareTo(those.Items.Count);
        }

        if ((left as JinjaUndefined ?? right as JinjaUndefined) is { } missing)
            throw new RenderException(missing.Problem);
        throw new RenderException(
            $"'{operation}' not supported between instances of '{TypeName(left)}' and '{TypeName(right)}'");
    }

    public static bool Contains(object container, object item) => container switch
    {
        JinjaText text => item is JinjaText part
            ? text.Value.Contains(part.Value, StringComparison.Ordinal)
            : throw new RenderException($"'in <string>' requires string as left operand, not {TypeName(item)}"),
        JinjaList list => list.Items.Any(one => AreEqual(one, item)),
        JinjaDict dict => dict.TryGet(item, out _),
        JinjaUndefined => false,
        _ => throw new RenderException($"argument of type '{TypeName(container)}' is not iterable"),
    };

    /// <summary>Adds, or joins two strings, lists or tuples.</summary>
    public static object Add(object left, object right) => (left, right) switch
    {
        (JinjaText one, JinjaText two) => JinjaText.Concat(one, two),
        (JinjaList one, JinjaList two) when one.IsTuple == two.IsTuple => new JinjaList([.. one.Items, .. two.Items], one.IsTuple),
        _ => Calculate("+", left, right),
    };

    /// <summary>Python's arithmetic on two numbers.</summary>
    public static object Calculate(string operation, object left, object right)
    {
        if ((left as JinjaUndefined ?? right as JinjaUndefined) is { } missing)
            throw new RenderException(missing.Problem);
        if (AsNumber(left) is not { } first || AsNumber(right) is not { } second)
        {
            throw operation == "+" && left is JinjaText
                ? new RenderException($"can only concatenate str (not \"{TypeName(right)}\") to str")
                : new RenderException(
                    $"unsupported operand type(s) for {operation}: '{TypeName(left)}' and '{TypeName(right)}'");
        }

        try
        {
            return first is long a && second is long b && !(operation == "**" && b < 0)
                ? Whole(operation, a, b)
                : Broken(operation, AsDouble(first), AsDouble(second));
        }
        catch (OverflowException)
        {
            throw new RenderException("a number is too large");
        }
    }

    public static object Negate(object value)
    {
        if (value is JinjaUndefined missing)
            throw new RenderException(missing.Problem);
        return AsNumber(value) switch
        {
            long.MinValue => throw new RenderException("a number is too large"),
            long number => (object)-number,
            double number => -number,
            _ => throw new RenderException($"bad operand type for unary -: '{TypeName(value)}'"),
        };
    }

    /// <summary>Throws if the stack is nearly used up, so that deeply nested values cannot end the process.</summary>
    public static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new RenderException("the template nests too deep");
    }

    private static object Whole(string operation, long left, long right) => operation switch
    {
        "+" => checked(left + right),
        "-" => checked(left - right),
        "*" => checked(left * right),
        "/" => (object)Broken("/", left, right),
        "//" => right == 0 ? throw DivisionByZero("integer division or modulo by zero") : FloorDivide(left, right),
        "%" => right == 0 ? throw DivisionByZero("integer modulo by zero") : Modulo(left, right),
        _ => Power(left, right),
    };

    private static double Broken(string operation, double left, double right) => operation switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => right == 0 ? throw DivisionByZero("division by zero") : left / right,
        "//" => right == 0 ? throw DivisionByZero("float floor division by zero") : Math.Floor(left / right),
        "%" => right == 0 ? throw DivisionByZero("float modulo") : left - (right * Math.Floor(left / right)),
        _ => Math.Pow(left, right),
    };

    private static RenderException DivisionByZero(string message) => new(message);

    private static long FloorDivide(long left, long right) =>
        checked(left / right) - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0);

    private static long Modulo(long left, long right)
    {
        if (right == -1)
            return 0; // the processor takes the remainder of the least number by -1 for an overflow
        long rest = left % right;
        return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
    }

    private static long Power(long value, long power)
    {
        if (value is 0 or 1 || power == 0)
            return power == 0 ? 1 : value;
        if (value == -1)
            return power % 2 == 0 ? 1 : -1;
        if (power > MostPower)
            throw new OverflowException();

        long result = 1;
        for (; power > 0; power--)
            result = checked(result * value);
        return result;
    }

    private static int CompareCodePoints(string left, string right)
    {
        StringRuneEnumerator one = left.EnumerateRunes();
        StringRuneEnumerator two = right.EnumerateRunes();
        while (true)
        {
            bool hasOne = one.MoveNext();
            bool hasTwo = two.MoveNext();
            if (!hasOne || !hasTwo)
                return hasOne.CompareTo(hasTwo);
            int order = one.Current.CompareTo(two.Current);
            if (order != 0)
                return order;
        }
    }
}
