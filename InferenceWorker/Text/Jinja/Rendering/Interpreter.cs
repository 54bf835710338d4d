using System.Diagnostics.CodeAnalysis;
using AiPlatform.InferenceWorker.Text.Jinja.Parsing;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>Renders a parsed template once; this part runs statements. <see cref="RenderBudget"/> bounds its work.</summary>
internal sealed partial class Interpreter
{
    private JinjaTextBuilder _output = new();

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    public RenderBudget Budget { get; } = new();

    /// <param name="template">The template.</param>
    /// <param name="variables">The variables that it can use.</param>
    /// <exception cref="RenderException">The template cannot be rendered with these variables.</exception>
    public static JinjaText Render(List<Statement> template, IEnumerable<KeyValuePair<string, object>> variables)
    {
        var scope = new Scope(null);
        foreach ((string name, object value) in variables)
            scope.Set(name, value);
        var interpreter = new Interpreter();
        interpreter.Run(template, new Scope(scope));
        return interpreter._output.ToText();
    }

    private Flow Run(List<Statement> body, Scope scope)
    {
        Operators.EnsureStack();
        foreach (Statement statement in body)
        {
            Budget.Charge(1);
            Flow flow = Run(statement, scope);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, Scope scope)
    {
        switch (statement)
        {
            case TextStatement text:
                Write(JinjaText.Control(text.Text));
                return Flow.Next;
            case OutputStatement output:
                Write(ToText(Evaluate(output.Value, scope)));
                return Flow.Next;
            case IfStatement conditional:
                return RunIf(conditional, scope);
            case ForStatement loop:
                RunLoop(loop, Evaluate(loop.Items, scope), scope, depth: 0);
                return Flow.Next;
            case SetStatement set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case SetBlockStatement set:
                JinjaText written = Capture(set.Body, new Scope(scope));
                Assign(set.Target, set.Filter is null ? written : ApplyFilters(set.Filter, written, scope), scope);
                return Flow.Next;
            case FilterStatement filter:
                var inner = new Scope(scope);
                Write(ToText(ApplyFilters(filter.Filter, Capture(filter.Body, inner), inner)));
                return Flow.Next;
            case MacroStatement macro:
                scope.Set(macro.Name, new Macro(macro, scope, this));
                return Flow.Next;
            case CallStatement call:
                RunCall(call, scope);
                return Flow.Next;
            case WithStatement with:
                return RunWith(with, scope);
            case GroupStatement group:
                return Run(group.Body, scope);
            case LoopControlStatement control:
                return control.IsBreak ? Flow.Break : Flow.Continue;
            default:
                throw new InvalidOperationException($"A {statement.GetType().Name} is not run. This is a bug.");
        }
    }

    private Flow RunIf(IfStatement statement, Scope scope)
    {
        foreach ((Expression test, List<Statement> body) in statement.Branches)
        {
            if (Operators.IsTrue(Evaluate(test, scope)))
                return Run(body, scope);
        }

        return Run(statement.Else, scope);
    }

    private Flow RunWith(WithStatement statement, Scope scope)
    {
        var inner = new Scope(scope);
        foreach ((Target target, Expression value) in statement.Variables)
            Assign(target, Evaluate(value, scope), inner);
        return Run(statement.Body, inner);
    }

    private void RunLoop(ForStatement statement, object over, Scope scope, int depth)
    {
        List<object> items = Iterate(over);
        if (statement.Filter is not null)
            items = items.FindAll(item => Passes(statement, item, scope));
        if (items.Count == 0)
        {
            Run(statement.Else, new Scope(scope));
            return;
        }

        var loop = new LoopState(items, depth, statement.IsRecursive ? Recurse : null);
        for (int i = 0; i < items.Count; i++)
        {
            Budget.Charge(1);
            loop.Index = i;
            var inner = new Scope(scope);
            Assign(statement.Target, items[i], inner);
            inner.Set("loop", loop);
            if (Run(statement.Body, inner) == Flow.Break)
                return;
        }

        JinjaText Recurse(object inside)
        {
            Budget.Enter();
            JinjaText written = Capture(() => RunLoop(statement, inside, scope, depth + 1));
            Budget.Leave();
            return written;
        }
    }

    private bool Passes(ForStatement statement, object item, Scope scope)
    {
        Budget.Charge(1);
        var inner = new Scope(scope);
        Assign(statement.Target, item, inner);
        return Operators.IsTrue(Evaluate(statement.Filter!, inner)); // not null: asked only where there is one
    }

    private void RunCall(CallStatement statement, Scope scope)
    {
        CallArguments arguments = EvaluateArguments(statement.Call.Arguments, scope);
        arguments = arguments with
        {
            Named = new Dictionary<string, object>(arguments.Named) { ["caller"] = new Macro(statement.Caller, scope, this) },
        };
        Write(ToText(Call(Evaluate(statement.Call.Target, scope), arguments)));
    }

    private void Assign(Target target, object value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                if (!scope.TryGet(attribute.Name, out object? holder) || holder is not JinjaNamespace space)
                    throw new RenderException("cannot assign attribute on non-namespace object");
                space.Attributes[attribute.Attribute] = value;
                break;
            case TupleTarget tuple:
                List<object> items = Iterate(value);
                if (items.Count != tuple.Items.Count)
                {
                    throw new RenderException(items.Count > tuple.Items.Count
                        ? $"too many values to unpack (expected {tuple.Items.Count})"
                        : $"not enough values to unpack (expected {tuple.Items.Count}, got {items.Count})");
                }

                for (int i = 0; i < items.Count; i++)
                    Assign(tuple.Items[i], items[i], scope);
                break;
        }
    }

    private JinjaText Capture(List<Statement> body, Scope scope) => Capture(() => Run(body, scope));

    private JinjaText Capture(Action run)
    {
        JinjaTextBuilder outer = _output;
        _output = new JinjaTextBuilder();
        try
        {
            run();
            return _output.ToText();
        }
        finally
        {
            _output = outer;
        }
    }

    private void Write(JinjaText text)
    {
        Budget.Charge(Weights.Of(text));
        _output.Append(text);
    }

    /// <summary>A macro with the variables that it sees.</summary>
    private sealed class Macro(MacroStatement statement, Scope scope, Interpreter interpreter) : JinjaObject
    {
        public override string TypeName => "Macro";

        public override object? Attribute(string name) => name == "name" ? JinjaText.Control(statement.Name) : null;

        public JinjaText Call(CallArguments arguments)
        {
            interpreter.Budget.Enter();
            var inner = new Scope(scope);
            BindParameters(arguments, inner);
            JinjaText written = interpreter.Capture(statement.Body, inner);
            interpreter.Budget.Leave();
            return written;
        }

        private void BindParameters(CallArguments arguments, Scope inner)
        {
            List<Parameter> parameters = statement.Parameters;
            List<object> positional = arguments.Positional;
            if (positional.Count > parameters.Count && !statement.TakesMorePositional)
                throw new RenderException($"macro '{statement.Name}' takes not more than {parameters.Count} argument(s)");

            var named = new Dictionary<string, object>(arguments.Named);
            for (int i = 0; i < parameters.Count; i++)
            {
                bool isNamed = named.Remove(parameters[i].Name, out object? value);
                if (isNamed && i < positional.Count)
                    throw new RenderException($"macro '{statement.Name}' got multiple values for argument '{parameters[i].Name}'");
                value = i < positional.Count ? positional[i] : value;
                value ??= parameters[i].Default is { } standard
                    ? interpreter.Evaluate(standard, inner)
                    : new JinjaUndefined($"parameter '{parameters[i].Name}' was not provided");
                inner.Set(parameters[i].Name, value);
            }

            if (statement.TakesCaller)
                inner.Set("caller", named.Remove("caller", out object? caller) ? caller : new JinjaUndefined("No caller defined"));
            if (statement.TakesMorePositional)
                inner.Set("varargs", new JinjaList([.. positional.Skip(parameters.Count)], isTuple: true));
            if (statement.TakesMoreNamed)
                inner.Set("kwargs", DictOf(named));
            else if (named.Count > 0)
                throw new RenderException($"macro '{statement.Name}' takes no keyword argument '{named.Keys.First()}'");
        }
    }
}

/// <summary>The variables of a block and, through its parents, all variables that it sees.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, object> _variables = [];

    public void Set(string name, object value) => _variables[name] = value;

    public bool TryGet(string name, [NotNullWhen(true)] out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables.TryGetValue(name, out value))
                return true;
        }

        value = null;
        return false;
    }

    private Scope? Parent => parent;
}
