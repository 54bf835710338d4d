using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>The arguments of a call of a function, a filter or a test.</summary>
internal sealed record CallArguments(List<object> Positional, Dictionary<string, object> Named)
{
    public static readonly CallArguments None = new([], []);

    /// <summary>Returns the value of each parameter, or null if there is none.</summary>
    /// <param name="function">The name of the function, for the error.</param>
    /// <param name="parameters">Their names in order.</param>
    public object?[] Bind(string function, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw new RenderException($"{function}() takes at most {parameters.Length} arguments, {Positional.Count} were given");

        var values = new object?[parameters.Length];
        for (int i = 0; i < Positional.Count; i++)
            values[i] = Positional[i];
        foreach ((string name, object value) in Named)
        {
            int index = parameters.IndexOf(name);
            if (index < 0)
                throw new RenderException($"{function}() got an unexpected argument '{name}'");
            if (values[index] is not null)
                throw new RenderException($"{function}() got multiple values for argument '{name}'");
            values[index] = value;
        }

        return values;
    }

    /// <summary>The arguments without the first positional ones.</summary>
    public CallArguments Skip(int count) => this with { Positional = [.. Positional.Skip(count)] };
}

/// <summary>A function that a template can call.</summary>
internal sealed class JinjaFunction(string name, Func<CallArguments, object> call) : JinjaObject
{
    public override string TypeName => "builtin_function_or_method";

    public string Name => name;

    public object Call(CallArguments arguments) => call(arguments);
}
