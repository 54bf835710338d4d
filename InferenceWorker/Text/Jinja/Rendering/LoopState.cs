using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>A loop's <c>loop</c> variable.</summary>
/// <param name="items">The items of the loop.</param>
/// <param name="depth">How many recursive loops are around it.</param>
/// <param name="recurse">Runs the loop's body for other items; null if the loop is not recursive.</param>
internal sealed class LoopState(List<object> items, int depth, Func<object, JinjaText>? recurse) : JinjaObject
{
    private List<object>? _lastChanged;

    public int Index { get; set; }

    public override string TypeName => "LoopContext";

    public override object? Attribute(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => depth + 1L,
        "depth0" => (long)depth,
        "previtem" => Index > 0 ? items[Index - 1] : new JinjaUndefined("there is no previous item"),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new JinjaUndefined("there is no next item"),
        "cycle" => new JinjaFunction("cycle", arguments => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw new RenderException("no items for cycling given")),
        "changed" => new JinjaFunction("changed", arguments => HasChanged(arguments)),
        _ => null,
    };

    public object Recurse(CallArguments arguments) => recurse is null
        ? throw new RenderException("the loop is called, but it is not 'recursive'")
        : recurse(arguments.Bind("loop", "iterable")[0] ?? throw new RenderException("loop() needs an iterable"));

    private bool HasChanged(CallArguments arguments)
    {
        bool hasChanged = _lastChanged is null
            || !Operators.AreEqual(new JinjaList(_lastChanged), new JinjaList(arguments.Positional));
        _lastChanged = arguments.Positional;
        return hasChanged;
    }
}
