using System.Globalization;

namespace AiPlatform.Grammars.Patterns;

/// <summary>A set of code points: ranges and general categories, or the complement of these.</summary>
internal sealed class CharacterSet
{
    private const int Ascii = 128;

    private const int LastCodePoint = 0x10FFFF;

    /// <summary>The ranges of each general category, which takes milliseconds to find out.</summary>
    private static readonly Lazy<List<(int From, int To)>[]> CategoryRanges = new(RangesOfCategories);

    private readonly (int From, int To)[] _ranges;
    private readonly uint _categories;
    private readonly bool _isNegated;
    private readonly UInt128 _ascii;

    /// <param name="ranges">Ranges in any order; they may overlap.</param>
    /// <param name="categories">A bit for each <see cref="UnicodeCategory"/>.</param>
    /// <param name="isNegated">Whether the set is the complement.</param>
    public CharacterSet(IEnumerable<(int From, int To)> ranges, uint categories = 0, bool isNegated = false)
    {
        _ranges = Merged(ranges);
        _categories = categories;
        _isNegated = isNegated;
        for (var c = 0; c < Ascii; c++)
            if (IsNamed(c)) _ascii |= UInt128.One << c;
    }

    /// <summary>The code points of the set, as ranges in ascending order that do not touch.</summary>
    public IReadOnlyList<(int From, int To)> Ranges
    {
        get
        {
            var named = _categories == 0 ? _ranges : Merged(_ranges.Concat(
                CategoryRanges.Value.Where((_, category) => (_categories >> category & 1) != 0).SelectMany(ranges => ranges)));
            return _isNegated ? [.. Complement(named)] : named;
        }
    }

    public bool Contains(int codePoint) => codePoint < Ascii ? (_ascii >> codePoint & 1) != 0 : IsNamed(codePoint);

    private bool IsNamed(int codePoint) => (IsInRanges(codePoint) || IsInCategories(codePoint)) != _isNegated;

    private bool IsInCategories(int codePoint) =>
        _categories != 0 && (_categories >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0;

    private bool IsInRanges(int codePoint)
    {
        var (low, high) = (0, _ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (codePoint < _ranges[middle].From) high = middle - 1;
            else if (codePoint > _ranges[middle].To) low = middle + 1;
            else return true;
        }

        return false;
    }

    private static List<(int From, int To)>[] RangesOfCategories()
    {
        List<(int From, int To)>[] all = [.. Enumerable.Range(0, 32).Select(_ => new List<(int From, int To)>())];
        for (var from = 0; from <= LastCodePoint;)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory(from);
            var to = from;
            while (to < LastCodePoint && CharUnicodeInfo.GetUnicodeCategory(to + 1) == category) to++;
            all[(int)category].Add((from, to));
            from = to + 1;
        }

        return all;
    }

    private static IEnumerable<(int From, int To)> Complement(IReadOnlyList<(int From, int To)> ranges)
    {
        var from = 0;
        foreach (var range in ranges)
        {
            if (range.From > from) yield return (from, range.From - 1);
            from = range.To + 1;
        }

        if (from <= LastCodePoint) yield return (from, LastCodePoint);
    }

    private static (int From, int To)[] Merged(IEnumerable<(int From, int To)> ranges)
    {
        List<(int From, int To)> merged = [];
        foreach (var range in ranges.Order())
        {
            if (merged.Count > 0 && range.From <= merged[^1].To + 1) merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, range.To));
            else merged.Add(range);
        }

        return [.. merged];
    }
}
