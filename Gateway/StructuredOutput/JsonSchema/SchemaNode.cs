using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>A schema or a part of one, compiled.</summary>
internal sealed class SchemaNode
{
    private readonly List<SchemaCheck> _checks = [];
    private readonly List<SchemaNode> _inPlace = [];

    /// <summary>Whether it is <c>false</c>: nothing fits.</summary>
    public bool FitsNothing { get; init; }

    /// <summary>The parts that speak of the same value: those of <c>allOf</c>, of <c>$ref</c> and so on.</summary>
    public IReadOnlyList<SchemaNode> InPlace => _inPlace;

    /// <summary>While it is compiled only.</summary>
    public void Add(SchemaCheck check) => _checks.Add(check);

    /// <summary>While it is compiled only.</summary>
    public SchemaNode InPlaceOf(SchemaNode part)
    {
        _inPlace.Add(part);
        return part;
    }

    /// <summary>Whether the value fits; what is wrong with it goes to the checking.</summary>
    public bool Check(JsonElement value, Checking checking)
    {
        checking.Begin();
        if (FitsNothing) return checking.Fails("must not be there");

        var fits = true;
        foreach (var check in _checks)
        {
            if (check(value, checking)) continue;
            fits = false;
            if (!checking.Explains) return false;
        }

        return fits;
    }
}

/// <summary>One keyword of a schema, compiled. It keeps nothing, and serves all threads.</summary>
/// <param name="value">What must fit.</param>
/// <param name="checking">Takes what is wrong.</param>
/// <returns>Whether it fits.</returns>
internal delegate bool SchemaCheck(JsonElement value, Checking checking);
