using System.Diagnostics.CodeAnalysis;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>Variables: those of a block and, through its parents, all that it sees.</summary>
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
