using AiPlatform.Grammars.Automata;

namespace AiPlatform.Grammars.Terminals;

/// <summary>
/// The texts of an automaton over characters, in UTF-8: as they are, or as JSON strings in quotation marks. In JSON each text has one form
/// only: a character is escaped if it must be, in the short form if there is one.
/// </summary>
internal sealed class CharTerminal : Terminal
{
    private const int Opening = 0;
    private const int Closed = 1;
    private const int First = 2;
    private const string ShortEscapes = "btnvfr";

    private readonly CharAutomaton _automaton;
    private readonly bool _isJson;
    private readonly List<Partial> _partials = [];
    private readonly Dictionary<Partial, int> _known = [];

    /// <param name="automaton">The automaton, which accepts at least one text.</param>
    /// <param name="isJson">Whether the texts are written as JSON strings.</param>
    public CharTerminal(CharAutomaton automaton, bool isJson) => (_automaton, _isJson) = (automaton, isJson);

    private enum Place
    {
        Utf8,
        Escape,
        FirstDigit,
        SecondDigit,
        ThirdDigit,
        LastDigit,
    }

    public override int Start => _isJson ? Opening : First;

    private int FirstPartial => First + _automaton.States;

    public override bool Accepts(int state) =>
        _isJson ? state == Closed : state >= First && state < FirstPartial && _automaton.Accepts(state - First);

    public override bool Continues(int state) => state != Closed && (_isJson || base.Continues(state));

    public override int FreeRun(int state) => state >= First && state < FirstPartial ? _automaton.FreeRuns()[state - First] : 0;

    public override int Step(int state, byte value)
    {
        if (state == Opening) return value == '"' ? First : Dead;
        if (state == Closed) return Dead;
        if (state >= FirstPartial) return Within(_partials[state - FirstPartial], value);

        var at = state - First;
        if (value >= 0x80) return Begin(at, value);
        if (!_isJson) return After(at, value);
        return value switch
        {
            (byte)'"' => _automaton.Accepts(at) ? Closed : Dead,
            (byte)'\\' => HasEscape(at) ? Enter(new Partial(at, Place.Escape, 0, 0, 0)) : Dead,
            < 0x20 => Dead,
            _ => After(at, value),
        };
    }

    private int After(int at, int character)
    {
        var next = _automaton.Next(at, _automaton.Classes.ClassOf(character));
        return next == CharAutomaton.Dead ? Dead : First + next;
    }

    private int Begin(int at, byte value) => value switch
    {
        < 0xC2 => Dead,
        < 0xE0 => Enter(new Partial(at, Place.Utf8, value & 0x1F, 1, 0x80)),
        < 0xF0 => Enter(new Partial(at, Place.Utf8, value & 0x0F, 2, 0x800)),
        < 0xF5 => Enter(new Partial(at, Place.Utf8, value & 0x07, 3, 0x10000)),
        _ => Dead,
    };

    private int Within(Partial partial, byte value) => partial.Place switch
    {
        Place.Utf8 => (value & 0xC0) != 0x80 ? Dead
            : partial.Left == 1 ? AfterUtf8(partial, (partial.Value << 6) | (value & 0x3F))
            : Enter(partial with { Value = (partial.Value << 6) | (value & 0x3F), Left = partial.Left - 1 }),
        Place.Escape => value switch
        {
            (byte)'"' or (byte)'\\' => After(partial.State, value),
            (byte)'b' or (byte)'t' or (byte)'n' or (byte)'f' or (byte)'r' =>
                After(partial.State, '\b' + ShortEscapes.IndexOf((char)value, StringComparison.Ordinal)),
            (byte)'u' => HasLongEscape(partial.State, 0, 0x1F) ? Enter(partial with { Place = Place.FirstDigit }) : Dead,
            _ => Dead,
        },
        Place.FirstDigit => value == '0' ? Enter(partial with { Place = Place.SecondDigit }) : Dead,
        Place.SecondDigit => value == '0' ? Enter(partial with { Place = Place.ThirdDigit }) : Dead,
        Place.ThirdDigit => value is (byte)'0' or (byte)'1' && HasLongEscape(partial.State, (value - '0') * 16, ((value - '0') * 16) + 15)
            ? Enter(partial with { Place = Place.LastDigit, Value = value - '0' })
            : Dead,
        _ => AfterLastDigit(partial, value),
    };

    private int AfterUtf8(Partial partial, int character) =>
        character < partial.Least || character > CharacterClasses.LastCodePoint ? Dead : After(partial.State, character);

    private int AfterLastDigit(Partial partial, byte value)
    {
        var digit = value switch
        {
            >= (byte)'0' and <= (byte)'9' => value - '0',
            >= (byte)'a' and <= (byte)'f' => value - 'a' + 10,
            _ => -1,
        };
        var character = (partial.Value * 16) + digit;
        return digit < 0 || IsShort(character) ? Dead : After(partial.State, character);
    }

    private bool HasEscape(int at)
    {
        if (After(at, '"') != Dead || After(at, '\\') != Dead) return true;
        for (var character = 0; character < 0x20; character++)
            if (After(at, character) != Dead) return true;
        return false;
    }

    private bool HasLongEscape(int at, int from, int to)
    {
        for (var character = from; character <= to; character++)
            if (!IsShort(character) && After(at, character) != Dead) return true;
        return false;
    }

    private static bool IsShort(int character) => character is '\b' or '\t' or '\n' or '\f' or '\r';

    private int Enter(Partial partial)
    {
        if (_known.TryGetValue(partial, out var number)) return number;
        number = IsAlive(partial) ? FirstPartial + _partials.Count : Dead;
        if (number != Dead) _partials.Add(partial);
        return _known[partial] = number;
    }

    private bool IsAlive(Partial partial)
    {
        if (partial.Place != Place.Utf8) return true;
        var (from, to) = (partial.Value << (6 * partial.Left), ((partial.Value + 1) << (6 * partial.Left)) - 1);
        (from, to) = (Math.Max(from, partial.Least), Math.Min(to, CharacterClasses.LastCodePoint));
        if (from > to) return false;
        var classes = _automaton.Classes;
        for (var at = classes.IntervalOf(from); at < classes.Intervals && classes.StartOf(at) <= to; at++)
            if (_automaton.Next(partial.State, classes.ClassAt(at)) != CharAutomaton.Dead) return true;
        return false;
    }

    /// <summary>A place within a character.</summary>
    /// <param name="State">The automaton's state before the character.</param>
    /// <param name="Place">The kind of place.</param>
    /// <param name="Value">The bits that were read.</param>
    /// <param name="Left">The bytes of UTF-8 that are left.</param>
    /// <param name="Least">The least character whose form in UTF-8 has so many bytes.</param>
    private readonly record struct Partial(int State, Place Place, int Value, int Left, int Least);
}
