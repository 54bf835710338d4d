using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace AiPlatform.InferenceWorker.Text.Jinja.Values;

// A value is one of: JinjaNone, JinjaUndefined, bool, long, BigInteger (as an input only), double, JinjaText, JinjaList, JinjaDict,
// JinjaNamespace, JinjaObject.

/// <summary>Python's <c>None</c>.</summary>
internal sealed class JinjaNone
{
    public static readonly JinjaNone Value = new();
}

/// <summary>The value of a missing name or attribute: writing it writes nothing, and using it otherwise is an error.</summary>
/// <param name="problem">What is missing, for the error.</param>
internal sealed class JinjaUndefined(string problem)
{
    public string Problem => problem;
}

/// <summary>
/// A list, or a tuple, which is written and compared differently. It is immutable, so its weight is known. Without the weight, a template
/// could nest a list in another one twice, again and again, until a walk through it would never end.
/// </summary>
internal sealed class JinjaList
{
    public JinjaList(List<object> items, bool isTuple = false)
    {
        Items = items;
        IsTuple = isTuple;
        foreach (object item in items)
            Weight += Weights.Of(item);
        Weights.Check(Weight);
    }

    public List<object> Items { get; }

    public bool IsTuple { get; }

    public long Weight { get; } = 1;
}

/// <summary>The weights of values, in steps.</summary>
internal static class Weights
{
    private const long Most = 2_000_000;
    private const int CharactersPerStep = 16;

    /// <summary>The steps of a walk through a whole value with all nested values.</summary>
    public static long Of(object value) => value switch
    {
        JinjaText text => 1 + (text.Value.Length / CharactersPerStep),
        JinjaList list => list.Weight,
        JinjaDict dict => dict.Weight,
        _ => 1,
    };

    /// <summary>The steps of a walk through the characters of a text or the items of a collection, without nested values.</summary>
    public static long OfItems(object value) => value switch
    {
        JinjaList list => 1 + list.Items.Count,
        JinjaDict dict => 1 + dict.Count,
        _ => Of(value),
    };

    public static void Check(long weight)
    {
        if (weight > Most)
            throw new RenderException("a value is too large");
    }
}

/// <summary>A dictionary that keeps the order of its keys. It is not changed once a template can see it.</summary>
internal sealed class JinjaDict
{
    private readonly OrderedDictionary<object, object> _items = new(KeyComparer.Instance);

    public int Count => _items.Count;

    public IEnumerable<KeyValuePair<object, object>> Items => _items;

    public long Weight { get; private set; } = 1;

    public void Set(object key, object value)
    {
        Weight += Weights.Of(key) + Weights.Of(value);
        Weights.Check(Weight);
        _items[key] = value;
    }

    public bool TryGet(object key, [NotNullWhen(true)] out object? value) => _items.TryGetValue(key, out value);

    public bool TryGet(string key, [NotNullWhen(true)] out object? value) => TryGet(JinjaText.Control(key), out value);

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        bool IEqualityComparer<object>.Equals(object? left, object? right) => Operators.AreEqual(left!, right!);

        int IEqualityComparer<object>.GetHashCode(object value) => Hash(value);

        private static int Hash(object value) => value switch
        {
            JinjaText text => text.Value.GetHashCode(StringComparison.Ordinal),
            bool flag => (flag ? 1.0 : 0.0).GetHashCode(),
            long number => ((double)number).GetHashCode(),
            double number => number.GetHashCode(),
            BigInteger number => number.GetHashCode(),
            JinjaNone => 0,
            JinjaUndefined => 1,
            JinjaList { IsTuple: true } tuple => HashAll(tuple),
            JinjaObject or JinjaNamespace => RuntimeHelpers.GetHashCode(value),
            _ => throw new RenderException($"unhashable type: '{Operators.TypeName(value)}'"),
        };

        private static int HashAll(JinjaList tuple)
        {
            Operators.EnsureStack();
            var hash = new HashCode();
            foreach (object item in tuple.Items)
                hash.Add(Hash(item));
            return hash.ToHashCode();
        }
    }
}

/// <summary>The result of <c>namespace()</c>, the only value whose attributes a template can set.</summary>
internal sealed class JinjaNamespace
{
    public Dictionary<string, object> Attributes { get; } = [];
}

/// <summary>A value with behavior of its own: a macro, a function, a bound method, a loop.</summary>
internal abstract class JinjaObject
{
    /// <summary>Python's name of its type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>The attribute of this name, or null.</summary>
    public virtual object? Attribute(string name) => null;
}

/// <summary>A rendering fails because of an error in the template, or because the template calls <c>raise_exception</c>.</summary>
internal sealed class RenderException : Exception
{
    public RenderException(string message)
        : base(message)
    {
    }

    /// <summary>Whether the template itself refused its input, by <c>raise_exception</c>.</summary>
    public bool IsRaisedByTemplate { get; init; }
}
