using System.Globalization;

namespace AiPlatform.Gateway.StructuredOutput.Patterns;

/// <summary>A set of code points: ranges and general categories, or the complement of these.</summary>
internal sealed class CharacterSet
{
    private const int Ascii = 128;

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
