using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace AiPlatform.Grammars.JsonSchema.Numbers;

/// <summary>
/// A JSON number without rounding: <c>mantissa × 10^exponent</c>, where the mantissa does not end in 0. The time of comparing and dividing
/// depends on the written digits and not on the exponent.
/// </summary>
internal readonly struct ExactNumber : IComparable<ExactNumber>
{
    private const int MaxDigits = 1_000;
    private const long MaxExponent = 1_000_000_000_000;

    private readonly BigInteger _mantissa;
    private readonly long _exponent;
    private readonly int _digits;

    private ExactNumber(BigInteger mantissa, long exponent, int digits) => (_mantissa, _exponent, _digits) = (mantissa, exponent, digits);

    /// <summary>Whether it has no fraction; 1.0 has none.</summary>
    public bool IsInteger => _exponent >= 0;

    public int Sign => _mantissa.Sign;

    /// <summary>
    /// The steps of reading a number of this length. They grow faster than the length, up to the maximum number of digits.
    /// </summary>
    public static long StepsOf(int length) => 120 + (4L * length) + SquareOf(length, 64);

    /// <summary>The steps of testing whether a number is a multiple of another, by the length of the longer one.</summary>
    public static long StepsOfDivision(int length) => SquareOf(length, 8);

    /// <param name="text">A number in JSON's form.</param>
    /// <param name="number">The number.</param>
    /// <returns>False when it has more than 1,000 digits.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out ExactNumber number)
    {
        var (digits, exponent) = Split(text);
        var significant = digits.AsSpan().TrimStart('0').TrimEnd('0');
        number = default;
        if (significant.Length > MaxDigits) return false;
        if (significant.IsEmpty) return true;

        exponent += digits.Length - digits.AsSpan().TrimEnd('0').Length;
        var mantissa = BigInteger.Parse(significant, NumberStyles.None, CultureInfo.InvariantCulture);
        number = new ExactNumber(text[0] == '-' ? -mantissa : mantissa, exponent, significant.Length);
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out ExactNumber)"/>
    public static bool TryParse(JsonElement value, out ExactNumber number) => TryParse(value.GetRawText(), out number);

    public int CompareTo(ExactNumber other)
    {
        if (Sign != other.Sign || Sign == 0) return Sign.CompareTo(other.Sign);
        // Numbers of different magnitude differ. Numbers of the same magnitude have exponents that differ by at most their digits.
        var (length, otherLength) = (_exponent + _digits, other._exponent + other._digits);
        if (length != otherLength) return Sign * length.CompareTo(otherLength);

        var least = Math.Min(_exponent, other._exponent);
        return Scaled(_exponent - least).CompareTo(other.Scaled(other._exponent - least));
    }

    /// <param name="divisor">The divisor, above 0.</param>
    public bool IsMultipleOf(ExactNumber divisor)
    {
        if (Sign == 0) return true;
        // The mantissa does not end in 0, so it has no further factor of ten.
        if (_exponent < divisor._exponent) return false;

        var power = BigInteger.ModPow(10, _exponent - divisor._exponent, divisor._mantissa);
        return (_mantissa * power % divisor._mantissa).IsZero;
    }

    /// <summary>The same text for equal numbers: 1, 1.0 and 10e-1.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_mantissa}e{_exponent}");

    private static long SquareOf(int length, int part) => (long)Math.Min(length, MaxDigits) * Math.Min(length, MaxDigits) / part;

    private BigInteger Scaled(long powerOfTen) => _mantissa * BigInteger.Pow(10, (int)powerOfTen);

    private static (string Digits, long Exponent) Split(ReadOnlySpan<char> text)
    {
        var exponentAt = text.IndexOfAny('e', 'E');
        var plain = exponentAt < 0 ? text : text[..exponentAt];
        var point = plain.IndexOf('.');
        var fraction = point < 0 ? 0 : plain.Length - point - 1;
        var digits = new StringBuilder(plain.Length);
        foreach (var c in plain)
            if (char.IsAsciiDigit(c)) digits.Append(c);
        return (digits.ToString(), (exponentAt < 0 ? 0 : ExponentOf(text[(exponentAt + 1)..])) - fraction);
    }

    /// <summary>Reads an exponent. An absurdly large one is cut to a limit that is still absurdly large.</summary>
    private static long ExponentOf(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            ? Math.Clamp(exponent, -MaxExponent, MaxExponent)
            : text[0] == '-' ? -MaxExponent : MaxExponent;
}
