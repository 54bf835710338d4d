using System.Globalization;
using System.Text;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>
/// Says in .NET's dialect what a pattern says in ECMAScript's: <c>\d</c> and <c>\w</c> are ASCII, <c>$</c> is the very end, a character
/// beyond 16 bits is one character.
/// </summary>
internal sealed class EcmaTranslation(string pattern)
{
    private const string Surrogates = @"\uD800-\uDFFF";
    private const string Pair = @"[\uD800-\uDBFF][\uDC00-\uDFFF]";

    private readonly StringBuilder _written = new(pattern.Length * 2);
    private int _at;

    /// <exception cref="ArgumentException">The pattern is none. What the target's own parser sees, it says.</exception>
    public string Translate()
    {
        while (_at < pattern.Length) WriteNext();
        return _written.ToString();
    }

    private void WriteNext()
    {
        switch (pattern[_at])
        {
            case '\\':
                WriteEscape();
                break;
            case '[':
                WriteClass();
                break;
            case '.':
                _at++;
                WriteCharacterNotOf(@"\n\r\u2028\u2029");
                break;
            case '$':
                _at++;
                _written.Append(@"\z");
                break;
            case '(' when pattern.AsSpan(_at).StartsWith("(?"):
                WriteGroup();
                break;
            case var c when char.IsHighSurrogate(c) && _at + 1 < pattern.Length:
                WritePair(pattern.Substring(_at, 2));
                _at += 2;
                break;
            default:
                _written.Append(pattern[_at++]);
                break;
        }
    }

    private void WriteGroup()
    {
        var rest = pattern.AsSpan(_at);
        var isKnown = rest.StartsWith("(?:") || rest.StartsWith("(?=") || rest.StartsWith("(?!") || rest.StartsWith("(?<");
        if (!isKnown) throw new ArgumentException("(? is followed by neither ':', '=', '!' nor '<'.");
        _written.Append("(?");
        _at += 2;
    }

    private void WriteEscape()
    {
        var escape = EcmaEscape.Read(pattern, ref _at);
        if (escape.Pair is { } pair) WritePair(pair);
        else if (escape.IsNegated) WriteCharacterNotOf(escape.Class!);
        else if (escape.Class is { } set) _written.Append('[').Append(set).Append(']');
        else _written.Append(escape.Text);
    }

    private void WriteClass()
    {
        _at++;
        var isNegated = _at < pattern.Length && pattern[_at] == '^';
        if (isNegated) _at++;

        var set = new StringBuilder();
        while (_at < pattern.Length && pattern[_at] != ']') WriteMember(set);
        if (_at == pattern.Length) throw new ArgumentException("A class has no end: ']' is missing.");
        _at++;

        if (set.Length == 0) _written.Append(isNegated ? $@"(?:{Pair}|[^{Surrogates}])" : @"[^\s\S]");
        else if (isNegated) WriteCharacterNotOf(set.ToString());
        else _written.Append('[').Append(set).Append(']');
    }

    private void WriteMember(StringBuilder set)
    {
        var c = pattern[_at];
        if (c == '\\')
        {
            var escape = EcmaEscape.Read(pattern, ref _at, inClass: true);
            if (escape.Pair is not null) throw Beyond();
            set.Append(escape.IsNegated ? EcmaEscape.Complement(escape.Class!) : escape.Class ?? escape.Text);
            return;
        }

        if (char.IsSurrogate(c)) throw Beyond();
        // What means something in a class of .NET's dialect only.
        if (c is '[' or '^') set.Append('\\');
        set.Append(c);
        _at++;
    }

    /// <summary>One character of those that are not in the set; a pair of surrogates is one character.</summary>
    private void WriteCharacterNotOf(string set) => _written.Append(CultureInfo.InvariantCulture, $"(?:{Pair}|[^{set}{Surrogates}])");

    private void WritePair(string pair) => _written.Append("(?:").Append(pair).Append(')');

    private static NotSupportedException Beyond() => new("A class with characters beyond 16 bits.");
}
