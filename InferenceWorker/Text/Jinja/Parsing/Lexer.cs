using System.Globalization;
using System.Text;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Parsing;

internal enum TokenKind
{
    Text,
    OutputBegin,
    OutputEnd,
    TagBegin,
    TagEnd,
    Name,
    String,
    Number,
    Operator,
    End,
}

/// <param name="Kind">Its kind.</param>
/// <param name="Text">Its text; that of a string is without quotes and escapes.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Number">A number's value.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, object? Number = null)
{
    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;

    public bool IsName(string text) => Kind == TokenKind.Name && Text == text;

    /// <summary>The token as error messages show it.</summary>
    public string Shown => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.OutputEnd => "'}}'",
        TokenKind.TagEnd => "'%}'",
        TokenKind.Text => "text",
        _ => $"'{Text}'",
    };
}

/// <summary>
/// Splits a template into tokens as Jinja2 does with <c>trim_blocks</c> and <c>lstrip_blocks</c>, for which chat templates are written: the
/// line break after a tag is dropped, and so are blanks between the start of a line and a tag.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] Operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".",
        ":", "|", ",", ";",
    ];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;
    private bool _isAtLineStart = true;

    private Lexer(string source)
    {
        _source = source;
    }

    /// <exception cref="TemplateSyntaxException">The template is broken.</exception>
    public static List<Token> Cut(string template)
    {
        string source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new Lexer(source);
        while (lexer._at < source.Length)
            lexer.ReadTextAndTag();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void ReadTextAndTag()
    {
        int start = _at;
        int open = start;
        while (true)
        {
            open = _source.IndexOf('{', open);
            if (open < 0 || open == _source.Length - 1)
            {
                AddText(_source[start..]);
                _at = _source.Length;
                return;
            }

            if (_source[open + 1] is '{' or '%' or '#')
                break;
            open++;
        }

        char kind = _source[open + 1];
        int inside = open + 2;
        char sign = inside < _source.Length && _source[inside] is '-' or '+' ? _source[inside++] : '\0';
        AddText(StripBefore(_source[start..open], sign, strips: kind != '{'));
        MoveTo(inside);
        if (kind == '#')
            SkipComment();
        else if (kind == '%' && TryReadRawBegin())
            ReadRaw();
        else
            ReadTag(isOutput: kind == '{');
    }

    private string StripBefore(string text, char sign, bool strips)
    {
        if (sign == '-')
            return text.TrimEnd(PythonStrings.Blanks);
        if (sign == '+' || !strips)
            return text;

        int lineStart = text.LastIndexOf('\n') + 1;
        return (lineStart > 0 || _isAtLineStart) && PythonStrings.IsBlank(text.AsSpan(lineStart)) ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw new TemplateSyntaxException("a comment does not end", _line);
        char sign = end > _at && _source[end - 1] is '-' or '+' ? _source[end - 1] : '\0';
        MoveTo(end + 2);
        SkipAfter(sign, trims: true);
    }

    private bool TryReadRawBegin()
    {
        int at = SkipBlanks(_at);
        if (!_source.AsSpan(at).StartsWith("raw", StringComparison.Ordinal))
            return false;
        at = SkipBlanks(at + 3);
        bool strips = at < _source.Length && _source[at] == '-';
        if (strips)
            at++;
        if (!_source.AsSpan(at).StartsWith("%}", StringComparison.Ordinal))
            return false;
        MoveTo(strips ? SkipBlanks(at + 2) : at + 2);
        return true;
    }

    private void ReadRaw()
    {
        int line = _line;
        int start = _at;
        int from = start;
        while (true)
        {
            int open = _source.IndexOf("{%", from, StringComparison.Ordinal);
            if (open < 0)
                throw new TemplateSyntaxException("'raw' does not end", line);
            int at = open + 2;
            char sign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : '\0';
            at = SkipBlanks(at);
            if (_source.AsSpan(at).StartsWith("endraw", StringComparison.Ordinal))
            {
                at = SkipBlanks(at + 6);
                char endSign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : '\0';
                if (_source.AsSpan(at).StartsWith("%}", StringComparison.Ordinal))
                {
                    _isAtLineStart = start > 0 && _source[start - 1] == '\n';
                    AddText(StripBefore(_source[start..open], sign, strips: true));
                    MoveTo(at + 2);
                    SkipAfter(endSign, trims: true);
                    return;
                }
            }

            from = open + 2;
        }
    }

    private void ReadTag(bool isOutput)
    {
        string close = isOutput ? "}}" : "%}";
        int line = _line;
        Add(isOutput ? TokenKind.OutputBegin : TokenKind.TagBegin, isOutput ? "{{" : "{%");
        var open = new Stack<char>();
        while (true)
        {
            MoveTo(SkipBlanks(_at));
            if (_at == _source.Length)
                throw new TemplateSyntaxException($"'{(isOutput ? "{{" : "{%")}' does not end", line);

            ReadOnlySpan<char> rest = _source.AsSpan(_at);
            if (open.Count == 0)
            {
                char sign = rest[0] == '-' || (rest[0] == '+' && !isOutput) ? rest[0] : '\0';
                if (rest[(sign == '\0' ? 0 : 1)..].StartsWith(close, StringComparison.Ordinal))
                {
                    Add(isOutput ? TokenKind.OutputEnd : TokenKind.TagEnd, close);
                    MoveTo(_at + (sign == '\0' ? 2 : 3));
                    SkipAfter(sign, trims: !isOutput);
                    return;
                }
            }

            ReadToken(rest, open);
        }
    }

    private void ReadToken(ReadOnlySpan<char> rest, Stack<char> open)
    {
        if (char.IsAsciiDigit(rest[0]))
        {
            ReadNumber(rest);
        }
        else if (char.IsLetter(rest[0]) || rest[0] == '_')
        {
            int length = 1;
            while (length < rest.Length && (char.IsLetterOrDigit(rest[length]) || rest[length] == '_'))
                length++;
            Add(TokenKind.Name, rest[..length].ToString());
            _at += length;
        }
        else if (rest[0] is '\'' or '"')
        {
            ReadString(rest);
        }
        else
        {
            ReadOperator(rest, open);
        }
    }

    private void ReadOperator(ReadOnlySpan<char> rest, Stack<char> open)
    {
        foreach (string one in Operators)
        {
            if (!rest.StartsWith(one, StringComparison.Ordinal))
                continue;

            if (one is "(" or "[" or "{")
                open.Push(one[0] == '(' ? ')' : one[0] == '[' ? ']' : '}');
            else if (one is ")" or "]" or "}" && (open.Count == 0 || open.Pop() != one[0]))
                throw new TemplateSyntaxException($"unexpected '{one}'", _line);
            Add(TokenKind.Operator, one);
            _at += one.Length;
            return;
        }

        throw new TemplateSyntaxException($"unexpected character '{rest[0]}'", _line);
    }

    private void ReadNumber(ReadOnlySpan<char> rest)
    {
        int length = Digits(rest, 0);
        bool isFloat = false;
        if (length + 1 < rest.Length && rest[length] == '.' && char.IsAsciiDigit(rest[length + 1]))
        {
            length = Digits(rest, length + 1);
            isFloat = true;
        }

        if (length < rest.Length && rest[length] is 'e' or 'E')
        {
            int exponent = length + 1 < rest.Length && rest[length + 1] is '+' or '-' ? length + 2 : length + 1;
            if (exponent < rest.Length && char.IsAsciiDigit(rest[exponent]))
            {
                length = Digits(rest, exponent);
                isFloat = true;
            }
        }

        string text = rest[..length].ToString();
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        long whole = 0;
        if (!isFloat && !long.TryParse(digits, CultureInfo.InvariantCulture, out whole))
            throw new TemplateSyntaxException($"the number {text} is too large", _line);
        object number = isFloat ? double.Parse(digits, CultureInfo.InvariantCulture) : (object)whole;
        _tokens.Add(new Token(TokenKind.Number, text, _line, number));
        _at += length;
    }

    private static int Digits(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || IsSeparator(text, at)))
            at++;
        return at;

        static bool IsSeparator(ReadOnlySpan<char> text, int at) =>
            text[at] == '_' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]);
    }

    private void ReadString(ReadOnlySpan<char> rest)
    {
        int end = 1;
        while (end < rest.Length && rest[end] != rest[0])
            end += rest[end] == '\\' ? 2 : 1;
        if (end >= rest.Length)
            throw new TemplateSyntaxException("a string does not end", _line);
        Add(TokenKind.String, Unescape(rest[1..end], _line));
        MoveTo(_at + end + 1);
    }

    private static string Unescape(ReadOnlySpan<char> text, int line)
    {
        if (!text.Contains('\\'))
            return text.ToString();

        var plain = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            char escape = text[++i]; // there is one: a string cannot end on a backslash
            int octals = 0;
            while (octals < 3 && i + octals < text.Length && text[i + octals] is >= '0' and <= '7')
                octals++;
            if (octals > 0)
            {
                plain.Append((char)text.Slice(i, octals).ToString().Aggregate(0, (value, digit) => (value * 8) + (digit - '0')));
                i += octals - 1;
            }
            else if (escape is 'x' or 'u' or 'U')
            {
                int length = escape == 'x' ? 2 : escape == 'u' ? 4 : 8;
                if (i + length >= text.Length
                    || !int.TryParse(text.Slice(i + 1, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point)
                    || point is < 0 or > 0x10FFFF)
                {
                    throw new TemplateSyntaxException($"a string has a broken escape '\\{escape}'", line);
                }

                plain.Append(point < 0x10000 ? ((char)point).ToString() : char.ConvertFromUtf32(point));
                i += length;
            }
            else
            {
                plain.Append(escape switch
                {
                    'n' => "\n",
                    't' => "\t",
                    'r' => "\r",
                    'a' => "\a",
                    'b' => "\b",
                    'f' => "\f",
                    'v' => "\v",
                    '\n' => "",
                    '\\' or '\'' or '"' => escape.ToString(),
                    _ => $"\\{escape}",
                });
            }
        }

        return plain.ToString();
    }

    private int SkipBlanks(int at)
    {
        while (at < _source.Length && PythonStrings.IsBlank(_source[at]))
            at++;
        return at;
    }

    /// <summary>Skips the text after a tag that the tag's end removes.</summary>
    private void SkipAfter(char sign, bool trims)
    {
        if (sign == '-')
            MoveTo(SkipBlanks(_at));
        else if (sign != '+' && trims && _at < _source.Length && _source[_at] == '\n')
            MoveTo(_at + 1);
        _isAtLineStart = _source[_at - 1] == '\n';
    }

    private void MoveTo(int at)
    {
        _line += _source.AsSpan(_at, at - _at).Count('\n');
        _at = at;
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text);
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));
}
