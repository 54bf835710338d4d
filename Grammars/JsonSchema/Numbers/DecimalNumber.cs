using System.Globalization;
using System.Numerics;

namespace AiPlatform.Grammars.JsonSchema.Numbers;

/// <summary>A number in digits: no leading zeros but one before the point, no trailing zeros behind it.</summary>
/// <param name="IsNegative">Whether it is below 0.</param>
/// <param name="Whole">The digits before the point, at least one.</param>
/// <param name="Fraction">The digits behind the point.</param>
internal sealed record DecimalNumber(bool IsNegative, string Whole, string Fraction) : IComparable<DecimalNumber>
{
    private const int MaxDigits = 400;

    public bool IsZero => Whole == "0" && Fraction.Length == 0;

    /// <param name="text">A number in JSON's form.</param>
    /// <returns>Null when it has more than 400 digits on a side of the point.</returns>
    public static DecimalNumber? Parse(string text)
    {
        var mark = text.IndexOfAny(['e', 'E']);
        var written = mark < 0 ? "0" : text[(mark + 1)..];
        if (!int.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)) return null;
        var plain = (mark < 0 ? text : text[..mark]).TrimStart('-');
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        var digits = plain.Replace(".", "", StringComparison.Ordinal);
        if (digits.All(digit => digit == '0')) return new DecimalNumber(false, "0", "");

        var place = (point < 0 ? plain.Length : point) + (long)exponent;
        if (Math.Abs(place) > MaxDigits || digits.Length > MaxDigits) return null;
        if (place <= 0) digits = new string('0', (int)-place + 1) + digits;
        else if (place > digits.Length) digits += new string('0', (int)place - digits.Length);
        var whole = digits[..(int)Math.Max(1, place)].TrimStart('0');
        var fraction = digits[(int)Math.Max(1, place)..].TrimEnd('0');
        return new DecimalNumber(text[0] == '-', whole.Length == 0 ? "0" : whole, fraction);
    }

    public int CompareTo(DecimalNumber? other)
    {
        var places = Math.Max(Fraction.Length, other!.Fraction.Length);
        return Scaled(places).CompareTo(other.Scaled(places));
    }

    /// <summary>The number times a power of ten that makes it whole.</summary>
    public BigInteger Scaled(int places)
    {
        var magnitude = BigInteger.Parse(Whole + Fraction.PadRight(places, '0'), CultureInfo.InvariantCulture);
        return IsNegative ? -magnitude : magnitude;
    }
}
