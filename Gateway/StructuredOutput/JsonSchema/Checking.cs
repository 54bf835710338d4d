using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.StructuredOutput.Patterns;
using AiPlatform.Grammars.JsonSchema.Numbers;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>
/// The state of one check of one answer: its place in the answer, its violations, and its budget. All work whose length the input decides
/// spends steps.
/// </summary>
/// <param name="budget">The budget of steps. When it is spent, its exception ends the check, and the violations so far are void.</param>
internal sealed class Checking(StepBudget budget)
{
    private const int MaxViolations = 20;
    private const int MaxQuotedLength = 60;

    /// <summary>Longest message, and longest pointer, of a violation.</summary>
    private const int MaxLength = 1_000;

    private const int StepsOfSchema = 25;
    private const int StepsOfMessage = 20;
    private const int StepsOfViolation = 200;
    private const int StepsOfMatch = 10;

    private readonly MatchSpace _space = new();
    private readonly List<string> _path = [];
    private List<SchemaViolation>? _violations;

    /// <summary>Whether more violations are collected. Otherwise the first one ends the check.</summary>
    public bool Explains => _violations is { Count: < MaxViolations };

    /// <summary>How deep the check is in the answer.</summary>
    public int Depth => _path.Count;

    /// <summary>Whether the value fits, without collecting violations.</summary>
    public bool WouldFit(SchemaNode schema, JsonElement value)
    {
        var kept = _violations;
        _violations = null;
        var fits = schema.Check(value, this);
        _violations = kept;
        return fits;
    }

    /// <summary>The violations of the value, apart from those found so far.</summary>
    public List<SchemaViolation> Explain(SchemaNode schema, JsonElement value)
    {
        var kept = _violations;
        List<SchemaViolation> found = [];
        _violations = found;
        schema.Check(value, this);
        _violations = kept;
        return found;
    }

    /// <summary>Adds violations that <see cref="Explain"/> found. Returns false, which the check returns.</summary>
    public bool Fails(IEnumerable<SchemaViolation> violations)
    {
        if (Explains) _violations!.AddRange(violations.Take(MaxViolations - _violations.Count));
        return false;
    }

    /// <summary>Adds a violation. Returns false, which the check returns.</summary>
    public bool Fails(string message)
    {
        // Most messages are written before it is known whether they are needed.
        Spend(StepsOfMessage + message.Length);
        if (!Explains) return false;
        Spend(StepsOfViolation);
        _violations!.Add(new SchemaViolation(Pointer(), Shortened(message, MaxLength)));
        return false;
    }

    /// <summary>Adds a violation with the value. Returns false, which the check returns.</summary>
    public bool Fails(string message, JsonElement value) => Explains && Fails($"{message}, is {Quoted(value)}");

    /// <summary>Checks a field of the value, or its name.</summary>
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

    /// <summary>Spends the steps of checking one value by one schema.</summary>
    /// <exception cref="StepsSpentException">The steps or the stack are used up.</exception>
    public void Begin()
    {
        budget.Spend(StepsOfSchema);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new StepsSpentException("it needs more stack than is available");
    }

    /// <inheritdoc cref="StepBudget.Spend"/>
    public void Spend(long steps) => budget.Spend(steps);

    /// <summary>The text of a string.</summary>
    public string TextOf(JsonElement value)
    {
        Spend(LengthOf(value));
        return value.GetString()!;
    }

    /// <summary>A field's name.</summary>
    public string NameOf(JsonProperty member)
    {
        Spend(10 + JsonMarshal.GetRawUtf8PropertyName(member).Length);
        return member.Name;
    }

    /// <summary>The canonical text of a value, which is the same for equal values.</summary>
    public string CanonicalOf(JsonElement value) => CanonicalJson.Of(value, budget);

    /// <summary>Reads a number exactly; false when it has too many digits.</summary>
    public bool TryReadNumber(JsonElement value, out ExactNumber number)
    {
        Spend(ExactNumber.StepsOf(LengthOf(value)));
        return ExactNumber.TryParse(value, out number);
    }

    public bool Matches(EcmaPattern pattern, string text)
    {
        Spend(StepsOfMatch);
        return pattern.IsMatch(text, _space, budget);
    }

    /// <summary>The length of a value in bytes, as it was written.</summary>
    public static int LengthOf(JsonElement value) => JsonMarshal.GetRawUtf8Value(value).Length;

    /// <summary>A value for a violation, shortened.</summary>
    public static string Quoted(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => Shortened(JsonMarshal.GetRawUtf8Value(value)),
    };

    /// <summary>A text for a violation, shortened.</summary>
    public static string Shortened(string text, int most = MaxQuotedLength)
    {
        if (text.Length <= most) return text;
        var length = char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;
        return $"{text.AsSpan(0, length)}…";
    }

    private static string Shortened(ReadOnlySpan<byte> text)
    {
        // A character has at most four bytes; a partial one at the end is cut off with the rest.
        return Shortened(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 4 * (MaxQuotedLength + 1))]));
    }

    private string Pointer()
    {
        var pointer = new StringBuilder();
        foreach (var name in _path)
        {
            if (pointer.Length > MaxLength) break;
            var shown = Shortened(name, MaxLength);
            Spend(shown.Length);
            pointer.Append('/').Append(shown.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
        }

        return pointer.ToString();
    }
}
