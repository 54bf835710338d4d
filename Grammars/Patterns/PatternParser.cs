using System.Globalization;
using System.Text;

namespace AiPlatform.Grammars.Patterns;

/// <summary>
/// Parses a regular expression in ECMAScript's dialect with the <c>u</c> flag, in which a character beyond 16 bits is one character. Like
/// browsers, it accepts closing braces and brackets without an opening one as literals.
/// </summary>
internal sealed class PatternParser(string pattern)
{
    private const int MaxDepth = 200;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _namesReferredTo = new(StringComparer.Ordinal);
    private int _at;
    private int _depth;
    private int _groups;
    private int _highestReference;

    /// <summary>The feature of the pattern that no automaton can match, in words; null when there is none.</summary>
    public string? Beyond { get; private set; }

    /// <exception cref="PatternException">The pattern is invalid.</exception>
    public PatternNode Parse()
    {
        var node = ReadChoice();
        if (_at < pattern.Length) throw new PatternException("A ')' closes no group.");
        if (_highestReference > _groups || !_namesReferredTo.IsSubsetOf(_names))
            throw new PatternException("It refers to a group that it does not have.");
        return node;
    }

    private PatternNode ReadChoice()
    {
        if (++_depth > MaxDepth) throw new PatternException($"Its groups are nested deeper than {MaxDepth}.");
        List<PatternNode> branches = [ReadSequence()];
        while (TryRead('|')) branches.Add(ReadSequence());
        _depth--;
        return branches.Count == 1 ? branches[0] : new ChoiceNode(branches);
    }

    private SequenceNode ReadSequence()
    {
        List<PatternNode> parts = [];
        while (_at < pattern.Length && pattern[_at] is not ('|' or ')')) parts.Add(ReadTerm());
        return new SequenceNode(parts);
    }

    private PatternNode ReadTerm()
    {
        if (TryReadCount() is not null) throw NothingToRepeat();

        var term = ReadAtom();
        if (TryReadCount() is not { } count) return term;
        if (term is PlaceNode) throw NothingToRepeat();

        // Greedy or lazy repetition changes what is captured, but not whether the pattern matches.
        TryRead('?');
        return new RepeatNode(term, count.Least, count.Most);
    }

    private PatternNode ReadAtom()
    {
        switch (pattern[_at])
        {
            case '\\':
                _at++;
                return ReadEscape();
            case '[':
                _at++;
                return ReadClass();
            case '(':
                _at++;
                return ReadGroup();
            case '.':
                _at++;
                return new ClassNode(EcmaClass.AnyButLineEnds);
            case '^':
                _at++;
                return new PlaceNode(StateKind.Start);
            case '$':
                _at++;
                return new PlaceNode(StateKind.End);
            default:
                return new CharacterNode(ReadCharacter());
        }
    }

    private PatternNode ReadGroup()
    {
        var looksAround = TryRead("?=") || TryRead("?!") || TryRead("?<=") || TryRead("?<!");
        if (looksAround) Beyond = "look-around";
        else if (!TryRead("?:")) BeginCapture();

        var inside = ReadChoice();
        if (!TryRead(')')) throw new PatternException("A group has no end: ')' is missing.");
        return looksAround ? new SequenceNode([]) : inside;
    }

    private void BeginCapture()
    {
        _groups++;
        if (TryRead("?<")) _names.Add(ReadName());
        else if (TryRead('?')) throw new PatternException("(? is followed by neither ':', '=', '!' nor '<'.");
    }

    private string ReadName()
    {
        var end = pattern.IndexOf('>', _at);
        var name = end < 0 ? "" : pattern[_at..end];
        if (name.Length == 0 || char.IsDigit(name[0]) || !name.All(c => char.IsLetterOrDigit(c) || c is '_' or '$'))
            throw new PatternException("A group's name must have letters, digits, '_' and '$', and an end.");
        _at = end + 1;
        return name;
    }

    /// <summary>Reads a quantifier; null, without reading anything, when there is none.</summary>
    private (int Least, int? Most)? TryReadCount()
    {
        if (_at == pattern.Length) return null;
        switch (pattern[_at])
        {
            case '*':
                _at++;
                return (0, null);
            case '+':
                _at++;
                return (1, null);
            case '?':
                _at++;
                return (0, 1);
            case '{':
                return TryReadBraces();
            default:
                return null;
        }
    }

    private (int Least, int? Most)? TryReadBraces()
    {
        var at = _at + 1;
        if (ReadNumber(ref at) is not { } least) return null;

        int? most = least;
        if (at < pattern.Length && pattern[at] == ',')
        {
            at++;
            most = ReadNumber(ref at);
        }

        if (at == pattern.Length || pattern[at] != '}') return null;
        if (most < least) throw new PatternException("The numbers of a count are out of order.");
        _at = at + 1;
        return (least, most);
    }

    private int? ReadNumber(ref int at)
    {
        var start = at;
        var number = 0;
        for (; at < pattern.Length && char.IsAsciiDigit(pattern[at]); at++)
            number = Math.Min(PatternNode.Uncounted, (number * 10) + (pattern[at] - '0'));
        return at == start ? null : number;
    }

    /// <summary>Reads an escape outside of a class, after its backslash.</summary>
    private PatternNode ReadEscape()
    {
        var c = Peek();
        switch (c)
        {
            case 'b' or 'B':
                _at++;
                return new PlaceNode(c == 'b' ? StateKind.WordEdge : StateKind.NoWordEdge);
            case 'd' or 'D' or 'w' or 'W' or 's' or 'S':
                _at++;
                return new ClassNode(EcmaClass.SetOf(c));
            case 'p' or 'P':
                return new ClassNode(new CharacterSet([], ReadCategories()));
            case 'k':
                _at++;
                if (!TryRead('<')) throw new PatternException(@"\k needs a name in angle brackets.");
                _namesReferredTo.Add(ReadName());
                return RefersBack();
            case >= '1' and <= '9':
                _highestReference = Math.Max(_highestReference, ReadNumber(ref _at)!.Value);
                return RefersBack();
            default:
                return new CharacterNode(ReadEscapedCharacter());
        }
    }

    private SequenceNode RefersBack()
    {
        Beyond = "back-references";
        return new SequenceNode([]);
    }

    private ClassNode ReadClass()
    {
        var isNegated = TryRead('^');
        List<(int From, int To)> ranges = [];
        uint categories = 0;
        while (true)
        {
            if (_at == pattern.Length) throw new PatternException("A class has no end: ']' is missing.");
            if (TryRead(']')) return new ClassNode(new CharacterSet(ranges, categories, isNegated));
            if (ReadMember(ranges, ref categories) is not { } from) continue;
            if (!IsRange())
            {
                ranges.Add((from, from));
                continue;
            }

            _at++;
            // If a set follows the hyphen, the hyphen is a literal.
            if (ReadMember(ranges, ref categories) is not { } to)
            {
                ranges.AddRange([(from, from), ('-', '-')]);
                continue;
            }

            if (from > to) throw new PatternException("A range of a class is out of order.");
            ranges.Add((from, to));
        }
    }

    /// <summary>Whether there is a hyphen here with a member after it.</summary>
    private bool IsRange() => _at + 1 < pattern.Length && pattern[_at] == '-' && pattern[_at + 1] != ']';

    /// <summary>Reads a member of a class and returns its character. A member that is a set is added, and the result is null.</summary>
    private int? ReadMember(List<(int From, int To)> ranges, ref uint categories)
    {
        if (!TryRead('\\')) return ReadCharacter();

        var c = Peek();
        switch (c)
        {
            case 'd' or 'D' or 'w' or 'W' or 's' or 'S':
                _at++;
                ranges.AddRange(EcmaClass.RangesOf(c));
                return null;
            case 'p' or 'P':
                categories |= ReadCategories();
                return null;
            case 'b':
                _at++;
                return '\b';
            default:
                return ReadEscapedCharacter();
        }
    }

    /// <summary><c>p{…}</c> or <c>P{…}</c>.</summary>
    private uint ReadCategories()
    {
        var isNegated = pattern[_at++] == 'P';
        var end = pattern.IndexOf('}', _at);
        if (!TryRead('{') || end < 0) throw new PatternException(@"\p needs a name in braces.");

        var name = pattern[_at..end];
        _at = end + 1;
        foreach (var prefix in (string[])["gc=", "General_Category="])
            if (name.StartsWith(prefix, StringComparison.Ordinal)) name = name[prefix.Length..];
        var categories = EcmaClass.CategoriesOf(name);
        if (categories == 0 && !name.Contains('=', StringComparison.Ordinal)) throw new PatternException(@"\p names no general category.");
        if (categories == 0) Beyond = "properties other than general categories";
        return isNegated ? EcmaClass.Complement(categories) : categories;
    }

    /// <summary>Reads an escaped character, after its backslash.</summary>
    private int ReadEscapedCharacter()
    {
        var c = Peek();
        _at++;
        switch (c)
        {
            case 't': return '\t';
            case 'n': return '\n';
            case 'v': return '\v';
            case 'f': return '\f';
            case 'r': return '\r';
            case 'x': return ReadHex(2);
            case 'u': return ReadUnicode();
            case 'c':
                if (!char.IsAsciiLetter(Peek(@"\c needs a letter."))) throw new PatternException(@"\c needs a letter.");
                return pattern[_at++] % 32;
            case '0' when _at == pattern.Length || !char.IsAsciiDigit(pattern[_at]): return 0;
            case var _ when char.IsAsciiLetterOrDigit(c): throw new PatternException($@"\{c} is no escape.");
            case var _ when char.IsAscii(c): return c;
            default: throw new PatternException("A backslash stands before a character that needs none.");
        }
    }

    private int ReadUnicode()
    {
        if (TryRead('{'))
        {
            var end = pattern.IndexOf('}', _at);
            var digits = end < 0 ? [] : pattern.AsSpan(_at, end - _at);
            if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point)
                || point is < 0 or > 0x10FFFF)
            {
                throw new PatternException(@"\u{ needs a code point and a brace.");
            }
            _at = end + 1;
            return point;
        }

        var code = ReadHex(4);
        var behind = _at;
        if (!char.IsHighSurrogate((char)code) || !TryRead(@"\u")) return code;
        if (ReadHex(4) is var low && char.IsLowSurrogate((char)low)) return char.ConvertToUtf32((char)code, (char)low);
        _at = behind;
        return code;
    }

    private int ReadHex(int length)
    {
        var digits = _at + length > pattern.Length ? [] : pattern.AsSpan(_at, length);
        if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            throw new PatternException($"{length} hexadecimal digits are missing.");
        _at += length;
        return value;
    }

    private int ReadCharacter()
    {
        Rune.DecodeFromUtf16(pattern.AsSpan(_at), out var rune, out var length);
        var character = rune == Rune.ReplacementChar ? pattern[_at] : rune.Value;
        _at += length;
        return character;
    }

    private char Peek(string missing = "It ends in a backslash.") =>
        _at < pattern.Length ? pattern[_at] : throw new PatternException(missing);

    private bool TryRead(char c)
    {
        if (_at == pattern.Length || pattern[_at] != c) return false;
        _at++;
        return true;
    }

    private bool TryRead(string text)
    {
        if (!pattern.AsSpan(_at).StartsWith(text)) return false;
        _at += text.Length;
        return true;
    }

    private static PatternException NothingToRepeat() => new("There is nothing to repeat before a count, '*', '+' or '?'.");
}

/// <summary>A text is not a valid pattern. The message says why, in a sentence.</summary>
internal sealed class PatternException(string message) : Exception(message);
