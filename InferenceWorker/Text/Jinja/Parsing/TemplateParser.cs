namespace AiPlatform.InferenceWorker.Text.Jinja.Parsing;

/// <summary>Parses a whole template.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(string template, Func<string, bool> isFilter, Func<string, bool> isTest)
    {
        List<Token> tokens = Lexer.Cut(template);
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens, isFilter, isTest);
    }

    /// <exception cref="TemplateSyntaxException">The template is broken, or has unknown parts.</exception>
    public static List<Statement> Parse(string template, Func<string, bool> isFilter, Func<string, bool> isTest)
    {
        var parser = new TemplateParser(template, isFilter, isTest);
        List<Statement> body = parser.ParseBody();
        return parser._tokens.Current.Kind == TokenKind.End
            ? body
            : throw parser._tokens.Problem($"'{parser._tokens.Next.Text}' ends nothing");
    }

    /// <summary>Parses statements up to a tag with one of these names or, without names, to the template's end.</summary>
    private List<Statement> ParseBody(params string[] ends)
    {
        int line = _tokens.Line;
        var body = new List<Statement>();
        while (true)
        {
            Token token = _tokens.Current;
            switch (token.Kind)
            {
                case TokenKind.Text:
                    _tokens.Take();
                    body.Add(new TextStatement(token.Text) { Line = token.Line });
                    break;
                case TokenKind.OutputBegin:
                    _tokens.Take();
                    body.Add(new OutputStatement(_expressions.ParseTuple()) { Line = token.Line });
                    _tokens.Expect(TokenKind.OutputEnd, "'}}'");
                    break;
                case TokenKind.TagBegin when _tokens.Next.Kind == TokenKind.Name && ends.Contains(_tokens.Next.Text):
                    return body;
                case TokenKind.TagBegin:
                    body.Add(_tokens.Nested(ParseTag));
                    break;
                case TokenKind.End when ends.Length > 0:
                    throw new TemplateSyntaxException($"the block does not end: '{ends[^1]}' is missing", line);
                default:
                    return body;
            }
        }
    }

    /// <summary>Parses a block's body and its end tag.</summary>
    private List<Statement> ParseBlock(string end)
    {
        _tokens.Expect(TokenKind.TagEnd, "'%}'");
        List<Statement> body = ParseBody(end);
        _tokens.Expect(TokenKind.TagBegin, "'{%'");
        _tokens.ExpectName(end);
        return body;
    }

    private Statement ParseTag()
    {
        _tokens.Take();
        int line = _tokens.Line;
        string name = _tokens.ExpectName();
        Statement statement = name switch
        {
            "if" => ParseIf(line),
            "for" => ParseFor(line),
            "set" => ParseSet(line),
            "macro" => ParseMacro(line),
            "call" => ParseCall(line),
            "filter" => new FilterStatement(_expressions.ParseBlockFilter(startsWithPipe: false)!, ParseBlock("endfilter")) { Line = line },
            "with" => ParseWith(line),
            "generation" => new GroupStatement(ParseBlock("endgeneration")) { Line = line },
            "break" or "continue" when _loops > 0 => new LoopControlStatement(name == "break") { Line = line },
            "break" or "continue" => throw new TemplateSyntaxException($"'{name}' is outside a loop", line),
            _ when name.StartsWith("end", StringComparison.Ordinal) || name is "else" or "elif" =>
                throw new TemplateSyntaxException($"'{name}' ends nothing that is open here", line),
            _ => throw new TemplateSyntaxException($"the tag '{name}' is not known", line),
        };
        _tokens.Expect(TokenKind.TagEnd, "'%}'");
        return statement;
    }

    private IfStatement ParseIf(int line)
    {
        var branches = new List<(Expression, List<Statement>)>();
        while (true)
        {
            Expression test = _expressions.ParseTuple(hasCondition: false);
            _tokens.Expect(TokenKind.TagEnd, "'%}'");
            branches.Add((test, ParseBody("elif", "else", "endif")));
            _tokens.Expect(TokenKind.TagBegin, "'{%'");
            if (_tokens.TakeName("elif"))
                continue;
            List<Statement> otherwise = _tokens.TakeName("else") ? ParseBlock("endif") : EndIf();
            return new IfStatement(branches, otherwise) { Line = line };
        }

        List<Statement> EndIf()
        {
            _tokens.ExpectName("endif");
            return [];
        }
    }

    private ForStatement ParseFor(int line)
    {
        Target target = ParseTarget(endName: "in");
        _tokens.ExpectName("in");
        Expression items = _expressions.ParseTuple(hasCondition: false, endName: "recursive");
        Expression? filter = _tokens.TakeName("if") ? _expressions.Parse() : null;
        bool isRecursive = _tokens.TakeName("recursive");
        _tokens.Expect(TokenKind.TagEnd, "'%}'");

        _loops++;
        List<Statement> body = ParseBody("else", "endfor");
        _loops--;
        _tokens.Expect(TokenKind.TagBegin, "'{%'");
        List<Statement> otherwise = [];
        if (_tokens.TakeName("else"))
            otherwise = ParseBlock("endfor");
        else
            _tokens.ExpectName("endfor");
        return new ForStatement(target, items, filter, isRecursive, body, otherwise) { Line = line };
    }

    private Statement ParseSet(int line)
    {
        Target target = ParseTarget(endName: null);
        if (_tokens.TakeOperator("="))
            return new SetStatement(target, _expressions.ParseTuple()) { Line = line };
        FilterExpression? filter = _expressions.ParseBlockFilter(startsWithPipe: true);
        return new SetBlockStatement(target, filter, ParseBlock("endset")) { Line = line };
    }

    private MacroStatement ParseMacro(int line)
    {
        string name = _tokens.ExpectName();
        return ParseMacroBody(line, name, ParseParameters(), "endmacro");
    }

    private MacroStatement ParseMacroBody(int line, string name, List<Parameter> parameters, string end)
    {
        int loops = _loops;
        _loops = 0;
        int first = _tokens.Position;
        List<Statement> body = ParseBlock(end);
        _loops = loops;
        return new MacroStatement(name, parameters, body)
        {
            Line = line,
            TakesMorePositional = _tokens.HasNameSince(first, "varargs"),
            TakesMoreNamed = _tokens.HasNameSince(first, "kwargs"),
            TakesCaller = _tokens.HasNameSince(first, "caller"),
        };
    }

    private CallStatement ParseCall(int line)
    {
        List<Parameter> parameters = _tokens.Current.IsOperator("(") ? ParseParameters() : [];
        if (_expressions.Parse() is not CallExpression call)
            throw new TemplateSyntaxException("expected a call", line);
        return new CallStatement(ParseMacroBody(line, "caller", parameters, "endcall"), call) { Line = line };
    }

    private List<Parameter> ParseParameters()
    {
        _tokens.ExpectOperator("(");
        var parameters = new List<Parameter>();
        while (!_tokens.TakeOperator(")"))
        {
            if (parameters.Count > 0)
                _tokens.ExpectOperator(",");
            string name = _tokens.ExpectName();
            Expression? value = _tokens.TakeOperator("=") ? _expressions.Parse() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw _tokens.Problem($"the parameter '{name}' without a default follows one with a default");
            parameters.Add(new Parameter(name, value));
        }

        return parameters;
    }

    private WithStatement ParseWith(int line)
    {
        var variables = new List<(Target, Expression)>();
        while (_tokens.Current.Kind != TokenKind.TagEnd)
        {
            if (variables.Count > 0)
                _tokens.ExpectOperator(",");
            Target target = new NameTarget(_tokens.ExpectName());
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.Parse()));
        }

        return new WithStatement(variables, ParseBlock("endwith")) { Line = line };
    }

    private Target ParseTarget(string? endName)
    {
        var items = new List<Target>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                _tokens.ExpectOperator(",");
            if (_tokens.Current.IsOperator("=") || _tokens.Current.IsOperator(")") || _tokens.Current.Kind == TokenKind.TagEnd
                || (endName is not null && _tokens.Current.IsName(endName)))
            {
                break;
            }

            items.Add(ParseOneTarget());
            if (!_tokens.Current.IsOperator(","))
                break;
            isTuple = true;
        }

        if (isTuple)
            return new TupleTarget(items);
        return items.Count == 1 ? items[0] : throw _tokens.Unexpected("a name");
    }

    private Target ParseOneTarget()
    {
        if (_tokens.TakeOperator("("))
        {
            Target inside = _tokens.Nested(() => ParseTarget(endName: null));
            _tokens.ExpectOperator(")");
            return inside;
        }

        string name = _tokens.ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
            throw _tokens.Problem($"'{name}' cannot be assigned to");
        return _tokens.TakeOperator(".") ? new NamespaceTarget(name, _tokens.ExpectName()) : new NameTarget(name);
    }
}
