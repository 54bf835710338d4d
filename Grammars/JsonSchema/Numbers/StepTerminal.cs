using System.Numerics;
using AiPlatform.Grammars.Terminals;
using static AiPlatform.Grammars.JsonSchema.Numbers.NumberTerminal;

namespace AiPlatform.Grammars.JsonSchema.Numbers;

/// <summary>
/// The numbers of a range that are multiples of a step. Its states are computed: one contains the rest of the division, and there are too
/// many rests for a table.
/// </summary>
internal sealed class StepTerminal : Terminal
{
    private const int FirstWhole = 4;
    private const int Comparisons = 3;

    private readonly NumberRange _range;
    private readonly NumberTerminal _numbers;
    private readonly int _longest;
    private readonly int _places;

    /// <summary>With so many digits each rest can be reached.</summary>
    private readonly int _enough;

    private StepTerminal(NumberRange range, NumberTerminal numbers)
    {
        (_range, _numbers, _longest, _places) = (range, numbers, numbers.LongestWhole, numbers.Places);
        for (long power = 1; power < range.Step; power *= 10) _enough++;
    }

    public override int Start => NumberOf(default);

    /// <returns>Null if there is no such number.</returns>
    public static StepTerminal? Of(NumberRange range, NumberTerminal numbers)
    {
        var made = new StepTerminal(range, numbers);
        return made.IsAlive(default) ? made : null;
    }

    public override int Step(int state, byte value) =>
        value is (byte)'-' or (byte)'.' or (>= (byte)'0' and <= (byte)'9')
            && _numbers.Step(StateOf(state), (char)value) is { } next && IsAlive(next)
                ? NumberOf(next)
                : Dead;

    public override bool Accepts(int state) => _numbers.Accepts(StateOf(state));

    private int NumberOf(State state)
    {
        var slot = state.Phase switch
        {
            Phase.Start => 0,
            Phase.Minus => 1,
            Phase.Zero => 2,
            Phase.Point => 3,
            Phase.Whole => FirstWhole + state.Digits,
            _ => FirstWhole + _longest + state.Digits,
        };
        var number = ((((long)slot * Comparisons) + state.Least + 1) * Comparisons) + state.Most + 1;
        return checked((int)((((number * 2) + (state.IsNegative ? 1 : 0)) * _range.Step) + state.Rest));
    }

    private State StateOf(int number)
    {
        (number, var rest) = Math.DivRem(number, _range.Step);
        (number, var sign) = Math.DivRem(number, 2);
        (number, var most) = Math.DivRem(number, Comparisons);
        var (slot, least) = Math.DivRem(number, Comparisons);
        var (phase, digits) = slot switch
        {
            0 => (Phase.Start, 0),
            1 => (Phase.Minus, 0),
            2 => (Phase.Zero, 1),
            3 => (Phase.Point, 0),
            _ when slot <= FirstWhole + _longest => (Phase.Whole, slot - FirstWhole),
            _ => (Phase.Fraction, slot - FirstWhole - _longest),
        };
        return new State(phase, sign == 1, digits, least - 1, most - 1, rest);
    }

    /// <summary>Whether what was read is the beginning of a number of the range.</summary>
    private bool IsAlive(State state)
    {
        switch (state.Phase)
        {
            case Phase.Start or Phase.Minus:
                return "-0123456789".Any(character => _numbers.Step(state, character) is { } next && IsAlive(next));
            case Phase.Zero:
                return HasMultiple(_numbers.AtPoint(state), _places);
            case Phase.Whole:
                // Without an upper bound, digits can follow until the number is large enough and each rest is possible.
                if (_numbers.SideOf(state).Most is not { } most) return true;
                for (var added = most.Whole.Length - state.Digits; added >= 0; added--)
                {
                    var whole = _numbers.AtPoint(state with { Digits = state.Digits + added });
                    if (HasMultiple(whole, added + _places)) return true;
                }

                return false;
            default:
                return HasMultiple(state, _places - state.Digits);
        }
    }

    /// <summary>Whether digits can follow so that the number is a multiple within the bounds.</summary>
    /// <param name="state">How what was read compares with the bounds, once the number of digits before the point is known.</param>
    /// <param name="left">The digits that follow.</param>
    private bool HasMultiple(State state, int left)
    {
        var side = _numbers.SideOf(state);
        if ((side.Least is not null && state.Least < 0) || (side.Most is not null && state.Most > 0)) return false;
        var isAboveLeast = side.Least is null || state.Least > 0;
        var isBelowMost = side.Most is null || state.Most < 0;
        if (isAboveLeast && isBelowMost && left >= _enough) return true;

        var power = BigInteger.Pow(10, left);
        var least = isAboveLeast ? 0 : EndOf(side.Least!, left, isUp: true, side.IsLeastAllowed);
        var most = isBelowMost ? power - 1 : EndOf(side.Most!, left, isUp: false, side.IsMostAllowed);
        var first = ((state.Rest * power) + least) % _range.Step;
        if (!first.IsZero) least += _range.Step - first;
        return least <= most;
    }

    /// <summary>The last digits of a bound as a whole number: the least or the most that keep the bound.</summary>
    private BigInteger EndOf(DecimalNumber bound, int left, bool isUp, bool isAllowed)
    {
        var digits = bound.Whole + bound.Fraction.PadRight(_places, '0');
        var end = bound.Whole.Length + _places;
        var number = left == 0 ? BigInteger.Zero : BigInteger.Parse(digits.AsSpan(end - left, left), provider: null);
        // A bound with further digits is no number of the range, so it lies between two of them.
        var isBetween = bound.Fraction.Length > _places;
        if (isUp) return isBetween || !isAllowed ? number + 1 : number;
        return !isBetween && !isAllowed ? number - 1 : number;
    }
}
