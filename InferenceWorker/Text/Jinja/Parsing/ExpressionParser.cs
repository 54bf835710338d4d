using System.Text;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Parsing;

/// <summary>Parses expressions with the precedence of Jinja2.</summary>
/// <param name="tokens">The tokens to read.</param>
/// <param name="isFilter">Whether a filter of a name is known.</param>
/// <param name="isTest">Whether a test of a name is known.</param>
internal sealed class ExpressionParser(TokenReader tokens, Func<string, bool> isFilter, Func<string, bool> isTest)
{
    private const int MostChain = 500;

    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    public Expression Parse() => tokens.Nested(ParseCondition);

    /// <summary>Parses one expression, or a tuple without parentheses.</summary>
    /// <param name="hasCondition">Whether <c>a if b</c> is allowed.</param>
    /// <param name="endName">A name that ends the tuple, or null.</param>
    public Expression ParseTuple(bool hasCondition = true, string? endName = null) =>
        ParseTuple(hasCondition ? Parse : () => tokens.Nested(ParseOr), endName, isInParentheses: false);

    public Arguments ParseArguments()
    {
        tokens.ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? allPositional = null;
        Expression? allNamed = null;
        bool isFirst = true;
        while (!tokens.Current.IsOperator(")"))
        {
            if (!isFirst)
            {
                tokens.ExpectOperator(",");
                if (tokens.Current.IsOperator(")"))
                    break;
            }

            isFirst = false;
            if (allPositional is null && allNamed is null && tokens.TakeOperator("*"))
            {
                allPositional = Parse();
            }
            else if (allNamed is null && tokens.TakeOperator("**"))
            {
                allNamed = Parse();
            }
            else if (allNamed is null && tokens.Current.Kind == TokenKind.Name && tokens.Next.IsOperator("="))
            {
                string name = tokens.Take().Text;
                tokens.Take();
                if (named.Exists(one => one.Item1 == name))
                    throw tokens.Problem($"the argument '{name}' is given twice");
                named.Add((name, Parse()));
            }
            else
            {
                if (named.Count > 0 || allPositional is not null || allNamed is not null)
                    throw tokens.Problem("an argument without a name follows one with a name");
                positional.Add(Parse());
            }
        }

        tokens.ExpectOperator(")");
        return new Arguments(positional, named, allPositional, allNamed);
    }

    /// <summary>Parses a chain of filters; the filters of a block have no target.</summary>
    public FilterExpression? ParseBlockFilter(bool startsWithPipe)
    {
        if (startsWithPipe && !tokens.Current.IsOperator("|"))
            return null;
        FilterExpression? filter = null;
        do
        {
            if (startsWithPipe || filter is not null)
                tokens.ExpectOperator("|");
            filter = ParseFilter(filter);
        }
        while (tokens.Current.IsOperator("|"));
        return filter;
    }

    public Expression ParsePrimary()
    {
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Take();
                return token.Text switch
                {
                    "true" or "True" => Constant(true, token.Line),
                    "false" or "False" => Constant(false, token.Line),
                    "none" or "None" => Constant(JinjaNone.Value, token.Line),
                    _ => new NameExpression(token.Text) { Line = token.Line },
                };
            case TokenKind.String:
                var text = new StringBuilder();
                while (tokens.Current.Kind == TokenKind.String)
                    text.Append(tokens.Take().Text);
                return Constant(JinjaText.Control(text.ToString()), token.Line);
            case TokenKind.Number:
                tokens.Take();
                return Constant(token.Number!, token.Line); // not null: every number token has one
            case TokenKind.Operator when token.Text == "(":
                tokens.Take();
                Expression inside = ParseTuple(Parse, endName: null, isInParentheses: true);
                tokens.ExpectOperator(")");
                return inside;
            case TokenKind.Operator when token.Text == "[":
                return ParseList();
            case TokenKind.Operator when token.Text == "{":
                return ParseDict();
            default:
                throw tokens.Unexpected("an expression");
        }
    }

    private static ConstantExpression Constant(object value, int line) => new(value) { Line = line };

    private Expression ParseTuple(Func<Expression> parse, string? endName, bool isInParentheses)
    {
        int line = tokens.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                tokens.ExpectOperator(",");
            if (tokens.Current.Kind is TokenKind.OutputEnd or TokenKind.TagEnd
                || tokens.Current.IsOperator(")")
                || (endName is not null && tokens.Current.IsName(endName)))
            {
                break;
            }

            items.Add(parse());
            if (!tokens.Current.IsOperator(","))
                break;
            isTuple = true;
        }

        if (isTuple || (items.Count == 0 && isInParentheses))
            return new ListExpression(items, IsTuple: true) { Line = line };
        return items.Count == 1 ? items[0] : throw tokens.Unexpected("an expression");
    }

    private Expression ParseCondition()
    {
        Expression then = ParseOr();
        for (int chain = 0; tokens.Current.IsName("if"); chain++)
        {
            int line = tokens.Line;
            Bound(chain);
            tokens.Take();
            Expression test = ParseOr();
            Expression? otherwise = tokens.TakeName("else") ? Parse() : null;
            then = new ConditionExpression(test, then, otherwise) { Line = line };
        }

        return then;
    }

    private Expression ParseOr() => ParseChain(ParseAnd, () => tokens.TakeName("or") ? "or" : null);

    private Expression ParseAnd() => ParseChain(ParseNot, () => tokens.TakeName("and") ? "and" : null);

    private Expression ParseNot()
    {
        int line = tokens.Line;
        return tokens.TakeName("not")
            ? new UnaryExpression("not", tokens.Nested(ParseNot)) { Line = line }
            : ParseCompare();
    }

    private Expression ParseCompare()
    {
        int line = tokens.Line;
        Expression first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && Comparisons.Contains(tokens.Current.Text))
            {
                rest.Add((tokens.Take().Text, ParseSum()));
            }
            else if (tokens.TakeName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.Current.IsName("not") && tokens.Next.IsName("in"))
            {
                tokens.Take();
                tokens.Take();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(first, rest) { Line = line };
            }
        }
    }

    private Expression ParseSum() => ParseChain(ParseConcat, () => TakeOneOf("+", "-"));

    private Expression ParseConcat()
    {
        int line = tokens.Line;
        Expression first = ParseProduct();
        if (!tokens.Current.IsOperator("~"))
            return first;
        var parts = new List<Expression> { first };
        while (tokens.TakeOperator("~"))
            parts.Add(ParseProduct());
        return new ConcatExpression(parts) { Line = line };
    }

    private Expression ParseProduct() => ParseChain(ParsePower, () => TakeOneOf("*", "/", "//", "%"));

    private Expression ParsePower() => ParseChain(() => ParseUnary(), () => TakeOneOf("**"));

    private Expression ParseUnary(bool hasFilters = true)
    {
        int line = tokens.Line;
        Expression node = TakeOneOf("-", "+") is { } sign
            ? new UnaryExpression(sign, tokens.Nested(() => ParseUnary(hasFilters: false))) { Line = line }
            : ParsePrimary();
        node = ParsePostfix(node);
        return hasFilters ? ParseFilters(node) : node;
    }

    private Expression ParsePostfix(Expression node)
    {
        for (int chain = 0; ; chain++)
        {
            Bound(chain);
            int line = tokens.Line;
            if (tokens.TakeOperator("."))
            {
                Token token = tokens.Take();
                node = token.Kind switch
                {
                    TokenKind.Name => new AttributeExpression(node, token.Text) { Line = line },
                    TokenKind.Number when token.Number is long => new ItemExpression(node, Constant(token.Number, line)) { Line = line },
                    _ => throw new TemplateSyntaxException($"expected a name or a number, got {token.Shown}", token.Line),
                };
            }
            else if (tokens.TakeOperator("["))
            {
                node = new ItemExpression(node, ParseIndex()) { Line = line };
            }
            else if (tokens.Current.IsOperator("("))
            {
                node = new CallExpression(node, ParseArguments()) { Line = line };
            }
            else
            {
                return node;
            }
        }
    }

    private Expression ParseFilters(Expression node)
    {
        for (int chain = 0; ; chain++)
        {
            Bound(chain);
            int line = tokens.Line;
            if (tokens.TakeOperator("|"))
                node = ParseFilter(node);
            else if (tokens.TakeName("is"))
                node = ParseTest(node, line);
            else if (tokens.Current.IsOperator("("))
                node = new CallExpression(node, ParseArguments()) { Line = line };
            else
                return node;
        }
    }

    private FilterExpression ParseFilter(Expression? target)
    {
        int line = tokens.Line;
        string name = ParseDottedName();
        if (!isFilter(name))
            throw new TemplateSyntaxException($"no filter is named '{name}'", line);
        return new FilterExpression(target, name, tokens.Current.IsOperator("(") ? ParseArguments() : Arguments.None) { Line = line };
    }

    private Expression ParseTest(Expression node, int line)
    {
        bool isNegated = tokens.TakeName("not");
        string name = ParseDottedName();
        if (!isTest(name))
            throw new TemplateSyntaxException($"no test is named '{name}'", line);

        Arguments arguments = Arguments.None;
        if (tokens.Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (tokens.Current.Kind is TokenKind.Name or TokenKind.String or TokenKind.Number
            || tokens.Current.IsOperator("[") || tokens.Current.IsOperator("{"))
        {
            if (tokens.Current.IsName("is"))
                throw tokens.Problem("tests cannot be chained with 'is'");
            if (!(tokens.Current.IsName("else") || tokens.Current.IsName("or") || tokens.Current.IsName("and")))
                arguments = Arguments.None with { Positional = [ParsePostfix(ParsePrimary())] };
        }

        var test = new TestExpression(node, name, arguments) { Line = line };
        return isNegated ? new UnaryExpression("not", test) { Line = line } : test;
    }

    private string ParseDottedName()
    {
        string name = tokens.ExpectName();
        while (tokens.TakeOperator("."))
            name += $".{tokens.ExpectName()}";
        return name;
    }

    private Expression ParseIndex()
    {
        int line = tokens.Line;
        var items = new List<Expression>();
        while (!tokens.Current.IsOperator("]"))
        {
            if (items.Count > 0)
                tokens.ExpectOperator(",");
            items.Add(ParseSubscript());
        }

        tokens.ExpectOperator("]");
        return items.Count switch
        {
            0 => throw tokens.Problem("expected an index"),
            1 => items[0],
            _ => new ListExpression(items, IsTuple: true) { Line = line },
        };
    }

    private Expression ParseSubscript()
    {
        int line = tokens.Line;
        Expression? start = null;
        if (!tokens.Current.IsOperator(":"))
        {
            start = Parse();
            if (!tokens.Current.IsOperator(":"))
                return start;
        }

        tokens.ExpectOperator(":");
        Expression? stop = Bound();
        Expression? step = tokens.TakeOperator(":") ? Bound() : null;
        return new SliceExpression(start, stop, step) { Line = line };

        Expression? Bound() =>
            tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]") || tokens.Current.IsOperator(",") ? null : Parse();
    }

    private ListExpression ParseList()
    {
        int line = tokens.Line;
        tokens.ExpectOperator("[");
        var items = new List<Expression>();
        while (!tokens.Current.IsOperator("]"))
        {
            if (items.Count > 0)
                tokens.ExpectOperator(",");
            if (tokens.Current.IsOperator("]"))
                break;
            items.Add(Parse());
        }

        tokens.ExpectOperator("]");
        return new ListExpression(items, IsTuple: false) { Line = line };
    }

    private DictExpression ParseDict()
    {
        int line = tokens.Line;
        tokens.ExpectOperator("{");
        var items = new List<(Expression, Expression)>();
        while (!tokens.Current.IsOperator("}"))
        {
            if (items.Count > 0)
                tokens.ExpectOperator(",");
            if (tokens.Current.IsOperator("}"))
                break;
            Expression key = Parse();
            tokens.ExpectOperator(":");
            items.Add((key, Parse()));
        }

        tokens.ExpectOperator("}");
        return new DictExpression(items) { Line = line };
    }

    private Expression ParseChain(Func<Expression> parse, Func<string?> takeOperator)
    {
        Expression left = parse();
        for (int chain = 0; ; chain++)
        {
            int line = tokens.Line;
            if (takeOperator() is not { } operation)
                return left;
            Bound(chain);
            left = new BinaryExpression(operation, left, parse()) { Line = line };
        }
    }

    private string? TakeOneOf(params ReadOnlySpan<string> operators) =>
        tokens.Current.Kind == TokenKind.Operator && operators.Contains(tokens.Current.Text) ? tokens.Take().Text : null;

    /// <summary>Bounds the length of a chain, which nests as deep as it is long although it is parsed in a loop.</summary>
    private void Bound(int chain)
    {
        if (chain > MostChain)
            throw tokens.Problem($"an expression has more than {MostChain} parts");
    }
}
