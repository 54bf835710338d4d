namespace AiPlatform.InferenceWorker.Text.Jinja.Parsing;

/// <summary>Reads a template's tokens, and bounds how deep they are nested.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private const int MostDepth = 100;

    private int _at;
    private int _depth;

    public Token Current => tokens[_at];

    public Token Next => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public int Line => Current.Line;

    public int Position => _at;

    public Token Take()
    {
        Token token = tokens[_at];
        if (_at < tokens.Count - 1)
            _at++;
        return token;
    }

    public bool TakeOperator(string text)
    {
        if (!Current.IsOperator(text))
            return false;
        Take();
        return true;
    }

    public bool TakeName(string text)
    {
        if (!Current.IsName(text))
            return false;
        Take();
        return true;
    }

    public void ExpectOperator(string text)
    {
        if (!TakeOperator(text))
            throw Unexpected($"'{text}'");
    }

    public void ExpectName(string text)
    {
        if (!TakeName(text))
            throw Unexpected($"'{text}'");
    }

    public string ExpectName() => Current.Kind == TokenKind.Name ? Take().Text : throw Unexpected("a name");

    public void Expect(TokenKind kind, string shown)
    {
        if (Current.Kind != kind)
            throw Unexpected(shown);
        Take();
    }

    public TemplateSyntaxException Unexpected(string expected) => Problem($"expected {expected}, got {Current.Shown}");

    public TemplateSyntaxException Problem(string problem) => new(problem, Line);

    /// <summary>Whether a name occurs between a position and the current one.</summary>
    public bool HasNameSince(int position, string name) => tokens.Slice(position, _at - position).Exists(token => token.IsName(name));

    /// <summary>Parses a part that may contain parts of the same kind.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_depth > MostDepth)
            throw Problem($"the template nests deeper than {MostDepth} levels");
        T parsed = parse();
        _depth--;
        return parsed;
    }
}
