namespace AiPlatform.Grammars.Terminals;

/// <summary>
/// A JSON string of a length, in quotation marks. Its states are computed: the characters that were read, and the place within a character.
/// An escape is one character, and so are the two escapes of a surrogate pair.
/// </summary>
internal sealed class StringTerminal : Terminal
{
    /// <summary>A length above this is no limit: no answer is so long.</summary>
    public const int Unlimited = 16_777_216;

    private const int Opening = 0;
    private const int Closed = 1;
    private const int First = 2;
    private const int Places = 24;

    // The places within a character.
    private const int Between = 0;
    private const int OneLeft = 1;
    private const int TwoLeft = 2;
    private const int ThreeLeft = 3;
    private const int AfterE0 = 4;
    private const int AfterEd = 5;
    private const int AfterF0 = 6;
    private const int AfterF4 = 7;
    private const int Escape = 8;
    private const int FourDigits = 9;
    private const int ThreeDigits = 10;
    private const int TwoDigits = 11;
    private const int OneDigit = 12;
    private const int DigitAfterD = 13;
    private const int HighTwoDigits = 14;
    private const int HighOneDigit = 15;
    private const int LowBackslash = 16;
    private const int LowU = 17;
    private const int LowD = 18;
    private const int LowRange = 19;
    private const int Done = -2;

    private readonly int _least;
    private readonly int _most;
    private readonly bool _isLimited;

    /// <param name="least">Least characters.</param>
    /// <param name="most">Most characters, at least <paramref name="least"/>; null for any number.</param>
    public StringTerminal(int least, int? most)
    {
        _least = Math.Min(least, Unlimited);
        _isLimited = most is < Unlimited;
        _most = _isLimited ? most!.Value : _least;
    }

    public override int Start => Opening;

    public override bool IsFreeRunExact => true;

    public override int Step(int state, byte value)
    {
        if (state == Opening) return value == '"' ? First : Dead;
        if (state == Closed) return Dead;

        var (count, place) = Math.DivRem(state - First, Places);
        if (place == Between)
        {
            if (value == '"') return count >= _least ? Closed : Dead;
            if (_isLimited && count == _most) return Dead;
        }

        var next = place == Between ? Begin(value) : Within(place, value);
        if (next == Done) return First + ((count < _most ? count + 1 : count) * Places);
        return next == Dead ? Dead : First + (count * Places) + next;
    }

    public override bool Accepts(int state) => state == Closed;

    public override bool Continues(int state) => state != Closed;

    public override int OnlyByte(int state)
    {
        if (state == Opening) return '"';
        if (state == Closed) return -1;
        var (count, place) = Math.DivRem(state - First, Places);
        return place switch
        {
            Between when _isLimited && count == _most => '"',
            LowBackslash => '\\',
            LowU => 'u',
            _ => -1,
        };
    }

    public override int FreeRun(int state)
    {
        if (state < First || (state - First) % Places != Between) return 0;
        return _isLimited ? _most - ((state - First) / Places) : int.MaxValue;
    }

    private static int Begin(byte value) => value switch
    {
        (byte)'\\' => Escape,
        < 0x20 => Dead,
        < 0x80 => Done,
        < 0xC2 => Dead,
        < 0xE0 => OneLeft,
        0xE0 => AfterE0,
        0xED => AfterEd,
        < 0xF0 => TwoLeft,
        0xF0 => AfterF0,
        < 0xF4 => ThreeLeft,
        0xF4 => AfterF4,
        _ => Dead,
    };

    private static int Within(int place, byte value) => place switch
    {
        OneLeft => IsIn(value, 0x80, 0xBF) ? Done : Dead,
        TwoLeft => IsIn(value, 0x80, 0xBF) ? OneLeft : Dead,
        ThreeLeft => IsIn(value, 0x80, 0xBF) ? TwoLeft : Dead,
        AfterE0 => IsIn(value, 0xA0, 0xBF) ? OneLeft : Dead,
        AfterEd => IsIn(value, 0x80, 0x9F) ? OneLeft : Dead,
        AfterF0 => IsIn(value, 0x90, 0xBF) ? TwoLeft : Dead,
        AfterF4 => IsIn(value, 0x80, 0x8F) ? TwoLeft : Dead,
        Escape => value switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => Done,
            (byte)'u' => FourDigits,
            _ => Dead,
        },
        LowBackslash => value == '\\' ? LowU : Dead,
        LowU => value == 'u' ? LowD : Dead,
        LowD => value is (byte)'D' or (byte)'d' ? LowRange : Dead,
        LowRange => value is >= (byte)'C' and <= (byte)'F' or >= (byte)'c' and <= (byte)'f' ? TwoDigits : Dead,
        _ => char.IsAsciiHexDigit((char)value) ? Digit(place, value) : Dead,
    };

    private static int Digit(int place, byte value) => place switch
    {
        FourDigits => value is (byte)'D' or (byte)'d' ? DigitAfterD : ThreeDigits,
        ThreeDigits => TwoDigits,
        TwoDigits => OneDigit,
        OneDigit => Done,
        DigitAfterD => value switch
        {
            <= (byte)'7' => TwoDigits,
            (byte)'8' or (byte)'9' or (byte)'A' or (byte)'a' or (byte)'B' or (byte)'b' => HighTwoDigits,
            _ => Dead,
        },
        HighTwoDigits => HighOneDigit,
        HighOneDigit => LowBackslash,
        _ => Dead,
    };

    private static bool IsIn(byte value, byte from, byte to) => value >= from && value <= to;
}
