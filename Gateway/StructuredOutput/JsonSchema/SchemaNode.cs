using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>A schema or a part of one, compiled.</summary>
internal sealed class SchemaNode
{
    private readonly List<SchemaCheck> _checks = [];
    private readonly List<SchemaNode> _inPlace = [];

    /// <summary>Whether it is the schema <c>false</c>, which nothing fits.</summary>
    public bool FitsNothing { get; init; }

    /// <summary>The parts that apply to the same value: those of <c>allOf</c>, of <c>$ref</c> and so on.</summary>
    public IReadOnlyList<SchemaNode> InPlace => _inPlace;

    /// <summary>While it is compiled only.</summary>
    public void Add(SchemaCheck check) => _checks.Add(check);

    /// <summary>While it is compiled only.</summary>
    public SchemaNode InPlaceOf(SchemaNode part)
    {
        _inPlace.Add(part);
        return part;
    }

    /// <summary>Whether the value fits; violations are added to the checking.</summary>
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

/// <summary>One compiled keyword of a schema. It has no state and is thread-safe.</summary>
/// <param name="value">The value to check.</param>
/// <param name="checking">Collects the violations.</param>
/// <returns>Whether it fits.</returns>
internal delegate bool SchemaCheck(JsonElement value, Checking checking);
