using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>One check of one answer: where it is, what it found, and how much work it may still do.</summary>
internal sealed class Checking
{
    /// <summary>As many parts of schemas are tried at most; branches that branch could otherwise take years.</summary>
    public const int MaxSteps = 1_000_000;

    private const int MaxViolations = 20;
    private const int MaxQuotedLength = 60;

    private readonly List<string> _path = [];
    private List<SchemaViolation>? _violations;
    private int _steps;

    /// <summary>Whether the check could not be finished; what it said then means nothing.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Whether more violations are wanted. Otherwise the first ends the check.</summary>
    public bool Explains => _violations is { Count: < MaxViolations } && !IsExhausted;

    /// <summary>How far this check is into the answer.</summary>
    public int Depth => _path.Count;

    /// <summary>Whether the value fits, and nothing more.</summary>
    public bool WouldFit(SchemaNode schema, JsonElement value)
    {
        var kept = _violations;
        _violations = null;
        var fits = schema.Check(value, this);
        _violations = kept;
        return fits;
    }

    /// <summary>What keeps the value from fitting, apart from what was found so far.</summary>
    public List<SchemaViolation> Explain(SchemaNode schema, JsonElement value)
    {
        var kept = _violations;
        List<SchemaViolation> found = [];
        _violations = found;
        schema.Check(value, this);
        _violations = kept;
        return found;
    }

    /// <summary>Takes over what <see cref="Explain"/> found. False, for the check to return.</summary>
    public bool Fails(IEnumerable<SchemaViolation> violations)
    {
        if (Explains) _violations!.AddRange(violations.Take(MaxViolations - _violations.Count));
        return false;
    }

    /// <summary>Says what is wrong. False, for the check to return.</summary>
    public bool Fails(string message)
    {
        if (Explains) _violations!.Add(new SchemaViolation(Pointer(), message));
        return false;
    }

    /// <summary>Says what must be, and what is. False, for the check to return.</summary>
    public bool Fails(string message, JsonElement value) => Explains && Fails($"{message}, is {Quoted(value)}");

    /// <summary>Checks a field of the value, or what its name must fit.</summary>
    public bool Inside(string name, SchemaNode schema, JsonElement value)
    {
        _path.Add(name);
        var fits = schema.Check(value, this);
        _path.RemoveAt(_path.Count - 1);
        return fits;
    }

    /// <summary>Checks an item of the value.</summary>
    public bool Inside(int index, SchemaNode schema, JsonElement value) =>
        Inside(_violations is null ? "" : index.ToString(CultureInfo.InvariantCulture), schema, value);

    /// <summary>False when there is no more work, or no more stack, to spend.</summary>
    public bool TryStep()
    {
        IsExhausted |= ++_steps > MaxSteps || !RuntimeHelpers.TryEnsureSufficientExecutionStack();
        return !IsExhausted;
    }

    /// <summary>A value in the words of a violation, short.</summary>
    public static string Quoted(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => Shortened(value.GetRawText()),
    };

    private static string Shortened(string text)
    {
        if (text.Length <= MaxQuotedLength) return text;
        var length = char.IsHighSurrogate(text[MaxQuotedLength - 1]) ? MaxQuotedLength - 1 : MaxQuotedLength;
        return $"{text.AsSpan(0, length)}…";
    }

    private string Pointer()
    {
        var pointer = new StringBuilder();
        foreach (var name in _path) pointer.Append('/').Append(name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
        return pointer.ToString();
    }
}
