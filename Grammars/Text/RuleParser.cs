using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AiPlatform.Grammars.Text;

/// <summary>
/// Parses a grammar in a part of Lark's form: <c>name: part part | part</c>, strings, <c>/patterns/</c>, ranges, groups, <c>?</c>,
/// <c>*</c>, <c>+</c> and <c>~ 2..5</c>, and <c>%json</c> with a JSON Schema. A rule ends where the next one begins.
/// </summary>
internal sealed class RuleParser(string text)
{
    private const int MaxDepth = 100;
    private const int MaxRepetitions = 1_000;
    private const string Json = "%json";

    private int _at;
    private int _line = 1;
    private int _depth;

    /// <exception cref="GrammarException">The grammar is invalid. The message names the line.</exception>
    public IReadOnlyList<(string Name, int Line, RulePart Part)> Parse()
    {
        List<(string, int, RulePart)> rules = [];
        for (SkipBlanks(); _at < text.Length; SkipBlanks())
        {
            if (text[_at] == '%') throw Wrong("directives such as %ignore and %import are not supported");
            var line = _line;
            if (text[_at] is '?' or '!') _at++;
            var name = ReadName() ?? throw Wrong("a rule's name is missing");
            SkipBlanks();
            if (!TryRead(':')) throw Wrong("':' is missing after a rule's name");
            if (TryRead(':') && !TryRead('=')) throw Wrong("'::' is no sign");
            rules.Add((name, line, ReadChoice()));
        }

        return rules;
    }

    private RulePart ReadChoice()
    {
        if (++_depth > MaxDepth) throw Wrong($"groups nest deeper than {MaxDepth}");
        List<RulePart> branches = [ReadSequence()];
        for (SkipBlanks(); TryRead('|'); SkipBlanks()) branches.Add(ReadSequence());
        _depth--;
        return branches.Count == 1 ? branches[0] : new ChoicePart(branches);
    }

    private SequencePart ReadSequence()
    {
        List<RulePart> parts = [];
        for (SkipBlanks(); _at < text.Length && text[_at] is not ('|' or ')' or ']') && !IsRule(); SkipBlanks()) parts.Add(ReadRepeated());
        return new SequencePart(parts);
    }

    private RulePart ReadRepeated()
    {
        var part = ReadPart();
        for (SkipBlanks(); _at < text.Length; SkipBlanks())
        {
            if (IsRule()) return part;
            if (TryRead('?')) part = new RepeatPart(part, 0, 1);
            else if (TryRead('*')) part = new RepeatPart(part, 0, null);
            else if (TryRead('+')) part = new RepeatPart(part, 1, null);
            else if (TryRead('~')) part = ReadCount(part);
            else return part;
        }

        return part;
    }

    private RepeatPart ReadCount(RulePart part)
    {
        SkipBlanks();
        var least = ReadNumber();
        var most = least;
        SkipBlanks();
        if (text.AsSpan(_at).StartsWith(".."))
        {
            _at += 2;
            SkipBlanks();
            most = ReadNumber();
        }

        if (most < least) throw Wrong("the numbers of a repetition are out of order");
        return new RepeatPart(part, least, most);
    }

    private int ReadNumber()
    {
        var start = _at;
        while (_at < text.Length && char.IsAsciiDigit(text[_at])) _at++;
        if (!int.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number > MaxRepetitions)
        {
            throw Wrong($"a repetition needs numbers of at most {MaxRepetitions}");
        }

        return number;
    }

    private RulePart ReadPart()
    {
        switch (text[_at])
        {
            case '"':
                return ReadTextOrRange();
            case '/':
                return ReadPattern();
            case '%':
                return ReadJson();
            case '(':
                _at++;
                return Closed(ReadChoice(), ')');
            case '[':
                _at++;
                return new RepeatPart(Closed(ReadChoice(), ']'), 0, 1);
            default:
                var line = _line;
                return new NamePart(ReadName() ?? throw Wrong($"'{text[_at]}' is not expected here"), line);
        }
    }

    private RulePart Closed(RulePart part, char end)
    {
        SkipBlanks();
        return TryRead(end) ? part : throw Wrong($"'{end}' is missing");
    }

    /// <summary>Reads to the end of a schema, which is an object; what is in it is looked at later.</summary>
    private JsonPart ReadJson()
    {
        var line = _line;
        _at += Json.Length;
        SkipBlanks();
        var (start, depth, isInString) = (_at, 0, false);
        if (_at >= text.Length || text[_at] != '{') throw Wrong($"{Json} needs a schema in {{ }}");
        do
        {
            var c = text[_at++];
            if (c == '\n') _line++;
            if (c == '"') isInString = !isInString;
            else if (isInString) _at += c == '\\' ? 1 : 0;
            else depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
        }
        while (depth > 0 && _at < text.Length);

        return depth == 0 ? new JsonPart(text[start.._at], line) : throw Wrong("a schema has no end");
    }

    private RulePart ReadTextOrRange()
    {
        var line = _line;
        var from = ReadText();
        if (!text.AsSpan(_at).StartsWith("..")) return new LiteralPart(from);
        _at += 2;
        var to = _at < text.Length && text[_at] == '"' ? ReadText() : "";
        if (!TryRune(from, out var first) || !TryRune(to, out var last) || first > last)
            throw Wrong("a range needs two characters in order");
        return new PatternPart($@"[\u{{{first.Value:x}}}-\u{{{last.Value:x}}}]", line);
    }

    private static bool TryRune(string one, out Rune rune) =>
        Rune.DecodeFromUtf16(one, out rune, out var length) == System.Buffers.OperationStatus.Done && length == one.Length;

    private string ReadText()
    {
        var start = _at++;
        while (_at < text.Length && text[_at] is not ('"' or '\n')) _at += text[_at] == '\\' ? 2 : 1;
        if (_at >= text.Length || text[_at] != '"') throw Wrong("a string has no end");
        _at++;
        if (_at < text.Length && text[_at] == 'i') throw Wrong("strings without regard to case are not supported; use a pattern");
        try
        {
            return JsonSerializer.Deserialize<string>(text.AsSpan(start, _at - start))!;
        }
        catch (JsonException)
        {
            throw Wrong("a string has an escape that JSON does not have");
        }
    }

    private PatternPart ReadPattern()
    {
        var start = ++_at;
        var isInClass = false;
        for (; _at < text.Length && text[_at] != '\n' && (isInClass || text[_at] != '/'); _at++)
        {
            if (text[_at] == '\\') _at++;
            else if (text[_at] == '[') isInClass = true;
            else if (text[_at] == ']') isInClass = false;
        }

        if (_at >= text.Length || text[_at] != '/') throw Wrong("a pattern has no end");
        var pattern = text[start.._at++];
        if (_at < text.Length && char.IsAsciiLetter(text[_at])) throw Wrong("flags of patterns are not supported");
        return new PatternPart(pattern, _line);
    }

    /// <summary>Whether a rule begins here: a name and a colon.</summary>
    private bool IsRule()
    {
        var (at, line) = (_at, _line);
        if (text[_at] is '?' or '!') _at++;
        var name = ReadName();
        SkipBlanks();
        var isRule = name is not null && _at < text.Length && text[_at] == ':';
        (_at, _line) = (at, line);
        return isRule || (text[_at] == '%' && !text.AsSpan(_at).StartsWith(Json));
    }

    private string? ReadName()
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '-')) _at++;
        return _at == start || char.IsAsciiDigit(text[start]) ? null : text[start.._at];
    }

    private void SkipBlanks()
    {
        while (_at < text.Length)
        {
            if (text[_at] == '\n') _line++;
            if (char.IsWhiteSpace(text[_at])) _at++;
            else if (text[_at] != '#' && !text.AsSpan(_at).StartsWith("//")) return;
            else while (_at < text.Length && text[_at] != '\n') _at++;
        }
    }

    private bool TryRead(char c)
    {
        if (_at >= text.Length || text[_at] != c) return false;
        _at++;
        return true;
    }

    private GrammarException Wrong(string what) => new($"Line {_line}: {what}.");
}
