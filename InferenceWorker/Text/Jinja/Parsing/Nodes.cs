namespace AiPlatform.InferenceWorker.Text.Jinja.Parsing;

/// <summary>A part of a parsed template.</summary>
internal abstract record Node
{
    /// <summary>Its line in the template, from 1.</summary>
    public required int Line { get; init; }
}

internal abstract record Expression : Node;

internal sealed record ConstantExpression(object Value) : Expression;

internal sealed record NameExpression(string Name) : Expression;

/// <summary>A list, or a tuple.</summary>
internal sealed record ListExpression(List<Expression> Items, bool IsTuple) : Expression;

internal sealed record DictExpression(List<(Expression Key, Expression Value)> Items) : Expression;

internal sealed record AttributeExpression(Expression Target, string Name) : Expression;

internal sealed record ItemExpression(Expression Target, Expression Index) : Expression;

/// <summary>A slice in brackets with a colon; each part may be left out.</summary>
internal sealed record SliceExpression(Expression? Start, Expression? Stop, Expression? Step) : Expression;

internal sealed record CallExpression(Expression Target, Arguments Arguments) : Expression;

/// <summary>A filter; the target is null if a block is filtered.</summary>
internal sealed record FilterExpression(Expression? Target, string Name, Arguments Arguments) : Expression;

internal sealed record TestExpression(Expression Target, string Name, Arguments Arguments) : Expression;

/// <summary><c>not</c>, <c>-</c> or <c>+</c>.</summary>
internal sealed record UnaryExpression(string Operation, Expression Operand) : Expression;

/// <summary><c>and</c>, <c>or</c> or arithmetic.</summary>
internal sealed record BinaryExpression(string Operation, Expression Left, Expression Right) : Expression;

/// <summary><c>a ~ b ~ c</c>.</summary>
internal sealed record ConcatExpression(List<Expression> Parts) : Expression;

/// <summary><c>a &lt; b &lt;= c</c>.</summary>
internal sealed record CompareExpression(Expression First, List<(string Operation, Expression Right)> Rest) : Expression;

internal sealed record ConditionExpression(Expression Test, Expression Then, Expression? Else) : Expression;

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed record Arguments(
    List<Expression> Positional, List<(string Name, Expression Value)> Named, Expression? AllPositional, Expression? AllNamed)
{
    public static readonly Arguments None = new([], [], null, null);
}

internal abstract record Statement : Node;

internal sealed record TextStatement(string Text) : Statement;

internal sealed record OutputStatement(Expression Value) : Statement;

internal sealed record IfStatement(List<(Expression Test, List<Statement> Body)> Branches, List<Statement> Else) : Statement;

internal sealed record ForStatement(
    Target Target, Expression Items, Expression? Filter, bool IsRecursive, List<Statement> Body, List<Statement> Else) : Statement;

internal sealed record SetStatement(Target Target, Expression Value) : Statement;

/// <summary><c>set</c> to the output of a block, which may be filtered.</summary>
internal sealed record SetBlockStatement(Target Target, FilterExpression? Filter, List<Statement> Body) : Statement;

internal sealed record MacroStatement(string Name, List<Parameter> Parameters, List<Statement> Body) : Statement
{
    /// <summary>Whether the body uses <c>varargs</c>, and so accepts arguments beyond the parameters.</summary>
    public required bool TakesMorePositional { get; init; }

    public required bool TakesMoreNamed { get; init; }

    public required bool TakesCaller { get; init; }
}

/// <summary>A call of a macro with a block as its <c>caller</c>.</summary>
internal sealed record CallStatement(MacroStatement Caller, CallExpression Call) : Statement;

internal sealed record FilterStatement(FilterExpression Filter, List<Statement> Body) : Statement;

/// <summary>A block with variables of its own.</summary>
internal sealed record WithStatement(List<(Target Target, Expression Value)> Variables, List<Statement> Body) : Statement;

/// <summary>A block that only marks its content, such as <c>generation</c>.</summary>
internal sealed record GroupStatement(List<Statement> Body) : Statement;

internal sealed record LoopControlStatement(bool IsBreak) : Statement;

internal sealed record Parameter(string Name, Expression? Default);

/// <summary>The target of an assignment: a name, an attribute of a namespace, or a tuple of these.</summary>
internal abstract record Target;

internal sealed record NameTarget(string Name) : Target;

internal sealed record NamespaceTarget(string Name, string Attribute) : Target;

internal sealed record TupleTarget(List<Target> Items) : Target;
