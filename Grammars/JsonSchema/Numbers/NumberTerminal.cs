using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.JsonSchema.Numbers;

/// <summary>
/// Builds the automaton of the numbers of a range. While digits are read it compares them with those of the bounds, and keeps the rest of
/// the division by the step.
/// </summary>
internal sealed class NumberTerminal
{
    /// <summary>Most digits behind the point of a number with bounds, so that no reader rounds it to beyond a bound.</summary>
    private const int MaxPlaces = 15;

    private const int MaxExponentDigits = 2;

    private readonly NumberRange _range;
    private readonly Side _positive;
    private readonly Side _negative;
    private readonly int _places;
    private readonly bool _isFree;

    private NumberTerminal(NumberRange range)
    {
        _range = range;
        _isFree = range is { IsInteger: false, Least: null, Most: null, Step: 0 };
        _places = range.IsInteger ? 0
            : range.Step > 0 ? range.StepPlaces
            : Math.Max(MaxPlaces, 1 + Math.Max(range.Least?.Fraction.Length ?? 0, range.Most?.Fraction.Length ?? 0));
        _positive = new Side(
            range.Most is not { IsNegative: true },
            range.Least is { IsNegative: false } && !(range.Least.IsZero && range.IsLeastAllowed) ? range.Least : null,
            range.IsLeastAllowed, range.Most, range.IsMostAllowed);
        var least = range.Most is { IsNegative: true } || (range.Most is { IsZero: true } && !range.IsMostAllowed) ? range.Most : null;
        var isLeastAllowed = range.IsMostAllowed;
        // No integer is written "-0".
        if (range.IsInteger && least is null) (least, isLeastAllowed) = (new DecimalNumber(false, "0", ""), false);
        _negative = new Side(
            range.Least is null or { IsNegative: true }, least, isLeastAllowed, range.Least, range.IsLeastAllowed);
    }

    /// <summary>A part of a number.</summary>
    internal enum Phase : byte
    {
        Start,
        Minus,
        Zero,
        Whole,
        Point,
        Fraction,
        ExponentMark,
        ExponentSign,
        Exponent,
    }

    /// <returns>Null if there is no such number.</returns>
    public static Terminal? Of(NumberRange range, CompileBudget budget)
    {
        var made = new NumberTerminal(range);
        // A table of all rests would be too large.
        if (range.Step > 1) return StepTerminal.Of(range, made);
        var alphabet = made._isFree ? "0123456789-.eE+" : range.IsInteger ? "0123456789-" : "0123456789-.";
        return TableTerminal.Explore(alphabet, new State(Phase.Start, false, 0, 0, 0, 0), made.Step, made.Accepts, budget);
    }

    /// <summary>Most digits behind the point.</summary>
    public int Places => _places;

    /// <summary>The digits before the point beyond which their number does not matter.</summary>
    public int LongestWhole => Math.Max(Longest(_positive), Longest(_negative));

    public Side SideOf(State state) => state.IsNegative ? _negative : _positive;

    /// <summary>The state after a character; null if no number goes on so, whatever its rest.</summary>
    public State? Step(State state, char character) => state.Phase switch
    {
        Phase.Start when character == '-' => _negative.IsPossible ? state with { Phase = Phase.Minus, IsNegative = true } : null,
        Phase.Start or Phase.Minus when char.IsAsciiDigit(character) => First(state, character),
        Phase.Whole when char.IsAsciiDigit(character) => Whole(state, character),
        Phase.Zero or Phase.Whole when character == '.' => _places > 0 ? AtPoint(state) with { Phase = Phase.Point } : null,
        Phase.Point or Phase.Fraction when char.IsAsciiDigit(character) => Fraction(state, character),
        Phase.Zero or Phase.Whole or Phase.Fraction when character is 'e' or 'E' =>
            _isFree ? state with { Phase = Phase.ExponentMark, Digits = 0 } : null,
        Phase.ExponentMark when character is '-' or '+' => state with { Phase = Phase.ExponentSign },
        Phase.ExponentMark or Phase.ExponentSign or Phase.Exponent when char.IsAsciiDigit(character) =>
            state.Digits < MaxExponentDigits ? state with { Phase = Phase.Exponent, Digits = state.Digits + 1 } : null,
        _ => null,
    };

    private State? First(State state, char digit)
    {
        var side = SideOf(state);
        if (!side.IsPossible) return null;
        return After(state with { Phase = digit == '0' ? Phase.Zero : Phase.Whole, Digits = 1 }, digit,
            Compared(0, digit, side.Least?.Whole, 0), Compared(0, digit, side.Most?.Whole, 0));
    }

    private State? Whole(State state, char digit)
    {
        var side = SideOf(state);
        var length = state.Digits;
        if (side.Most is { } most && length >= most.Whole.Length) return null;
        return After(state with { Digits = Math.Min(length + 1, Longest(side)) }, digit,
            Compared(state.Least, digit, side.Least?.Whole, length), Compared(state.Most, digit, side.Most?.Whole, length));
    }

    private static int Longest(Side side) => Math.Max(side.Least?.Whole.Length ?? 0, side.Most?.Whole.Length ?? 0) + 1;

    private State? Fraction(State state, char digit)
    {
        var side = SideOf(state);
        if (_isFree) return state with { Phase = Phase.Fraction };
        if (state.Digits >= _places) return null;
        return After(state with { Phase = Phase.Fraction, Digits = state.Digits + 1 }, digit,
            ComparedBehindPoint(state.Least, digit, side.Least, state.Digits),
            ComparedBehindPoint(state.Most, digit, side.Most, state.Digits));
    }

    private State After(State state, char digit, int least, int most) => state with
    {
        Least = least,
        Most = most,
        Rest = _range.Step > 1 ? (int)(((10L * state.Rest) + (digit - '0')) % _range.Step) : 0,
    };

    /// <summary>The state behind the point: now it is known which number has more digits before it.</summary>
    public State AtPoint(State state)
    {
        if (_isFree) return state with { Digits = 0 };
        var side = SideOf(state);
        return state with
        {
            Digits = 0,
            Least = ByLength(state.Digits, state.Least, side.Least),
            Most = ByLength(state.Digits, state.Most, side.Most),
        };
    }

    /// <summary>Whether what was read is a number of the range.</summary>
    public bool Accepts(State state)
    {
        if (state.Phase == Phase.Exponent) return true;
        if (state.Phase is not (Phase.Zero or Phase.Whole or Phase.Fraction)) return false;
        if (_isFree) return true;
        if (state.Phase != Phase.Fraction) state = AtPoint(state);
        var side = SideOf(state);
        var least = AtEnd(state.Least, side.Least, state.Digits);
        var most = AtEnd(state.Most, side.Most, state.Digits);
        if (side.Least is not null && !(least > 0 || (least == 0 && side.IsLeastAllowed))) return false;
        if (side.Most is not null && !(most < 0 || (most == 0 && side.IsMostAllowed))) return false;
        if (_range.Step <= 1) return true;
        long rest = state.Rest;
        for (var place = state.Digits; place < _places; place++) rest = rest * 10 % _range.Step;
        return rest == 0;
    }

    /// <summary>How the digits so far compare with a bound's.</summary>
    private static int Compared(int before, char digit, string? bound, int place) =>
        bound is null ? 0
        : place >= bound.Length ? 1
        : before != 0 ? before
        : Math.Sign(digit.CompareTo(bound[place]));

    private static int ComparedBehindPoint(int before, char digit, DecimalNumber? bound, int place) =>
        bound is null || before != 0
            ? before
            : Math.Sign(digit.CompareTo(place < bound.Fraction.Length ? bound.Fraction[place] : '0'));

    private static int ByLength(int digits, int compared, DecimalNumber? bound) =>
        bound is null ? 0 : digits < bound.Whole.Length ? -1 : digits > bound.Whole.Length ? 1 : compared;

    private static int AtEnd(int compared, DecimalNumber? bound, int digits) =>
        bound is not null && compared == 0 && digits < bound.Fraction.Length ? -1 : compared;

    /// <summary>The bounds of a number without its sign.</summary>
    internal sealed record Side(bool IsPossible, DecimalNumber? Least, bool IsLeastAllowed, DecimalNumber? Most, bool IsMostAllowed);

    /// <summary>What has been read.</summary>
    /// <param name="Phase">The part of the number.</param>
    /// <param name="IsNegative">Whether it began with a minus.</param>
    /// <param name="Digits">The digits of this part, as far as they matter.</param>
    /// <param name="Least">How it compares with the lower bound.</param>
    /// <param name="Most">How it compares with the upper bound.</param>
    /// <param name="Rest">The rest of the division by the step.</param>
    internal readonly record struct State(Phase Phase, bool IsNegative, int Digits, int Least, int Most, int Rest);
}
