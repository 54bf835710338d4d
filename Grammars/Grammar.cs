using System.Text;
using AiPlatform.Grammars.JsonSchema;
using AiPlatform.Grammars.Matching;
using AiPlatform.Grammars.Rules;
using AiPlatform.Grammars.Text;

namespace AiPlatform.Grammars;

/// <summary>
/// Which texts are allowed, byte by byte. Each state that it gives leads to the end of an allowed text. It is thread-safe, and meant to be
/// kept and shared by all requests with the same schema.
/// </summary>
public sealed class Grammar
{
    private const int MaxForcedBytes = 64 * 1024;

    private readonly StateSpace _states;

    private readonly long _tableBytes;

    internal Grammar(CompiledRules rules, CompileBudget budget, OpenNameKind openNames = OpenNameKind.None)
    {
        (Limits, OpenNames, _tableBytes) = (budget.Limits, openNames, budget.Allocated);
        _states = new StateSpace(rules, Limits.MaxCacheBytes / 2);
        Start = _states.Start;
    }

    /// <summary>The state before the first byte.</summary>
    public GrammarState Start { get; }

    internal GrammarLimits Limits { get; }

    /// <summary>
    /// Which names objects may have that a schema does not declare. That none of them comes twice in an object is not said by the rules:
    /// <see cref="Masks.TokenMatcher"/> sees to it.
    /// </summary>
    internal OpenNameKind OpenNames { get; }

    /// <summary>Whoever uses the states of the grammar holds it.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The texts that a JSON Schema (draft 2020-12) accepts, in compact form, with properties in the schema's order.</summary>
    /// <param name="schema">The schema's JSON text in UTF-8.</param>
    /// <param name="limits">Its limits; by default <see cref="GrammarLimits.Default"/>.</param>
    /// <param name="flexibleWhitespace">
    /// Whether a space, or a line break and up to 32 blanks, may stand between the parts of objects and arrays.
    /// </param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="GrammarException">The schema is invalid, cannot be guaranteed, fits no value, or is too large.</exception>
    public static Grammar OfJsonSchema(
        ReadOnlyMemory<byte> schema, GrammarLimits? limits = null, bool flexibleWhitespace = false,
        CancellationToken cancellationToken = default) =>
        SchemaCompiler.Compile(schema, flexibleWhitespace, limits ?? GrammarLimits.Default, cancellationToken);

    /// <inheritdoc cref="OfJsonSchema(ReadOnlyMemory{byte}, GrammarLimits?, bool, CancellationToken)"/>
    public static Grammar OfJsonSchema(
        string schema, GrammarLimits? limits = null, bool flexibleWhitespace = false, CancellationToken cancellationToken = default) =>
        OfJsonSchema(Encoding.UTF8.GetBytes(schema), limits, flexibleWhitespace, cancellationToken);

    /// <summary>Each JSON object.</summary>
    public static Grammar OfJsonObject(GrammarLimits? limits = null) => OfJsonSchema("""{"type":"object"}""", limits);

    /// <summary>The texts that a regular expression in ECMAScript's dialect matches as a whole.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="limits">Its limits; by default <see cref="GrammarLimits.Default"/>.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="GrammarException">It is invalid, cannot be guaranteed, matches nothing, or is too large.</exception>
    public static Grammar OfRegex(string pattern, GrammarLimits? limits = null, CancellationToken cancellationToken = default) =>
        GrammarTextCompiler.OfRegex(pattern, limits ?? GrammarLimits.Default, cancellationToken);

    /// <summary>The texts of a context-free grammar in the form that <c>docs/grammars.md</c> describes.</summary>
    /// <param name="text">The grammar.</param>
    /// <param name="limits">Its limits; by default <see cref="GrammarLimits.Default"/>.</param>
    /// <param name="flexibleWhitespace">Whether the JSON of its schemas may have whitespace.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="GrammarException">It is invalid, cannot be guaranteed, has no text, or is too large.</exception>
    public static Grammar OfRules(
        string text, GrammarLimits? limits = null, bool flexibleWhitespace = false, CancellationToken cancellationToken = default) =>
        GrammarTextCompiler.OfRules(text, flexibleWhitespace, limits ?? GrammarLimits.Default, cancellationToken);

    /// <summary>The state after a byte; null if the byte cannot follow.</summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    public GrammarState? Step(GrammarState state, byte value)
    {
        lock (Gate) return StepNeedsLock(state, value);
    }

    /// <summary>The state after some bytes; null if they cannot follow.</summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    public GrammarState? Step(GrammarState state, ReadOnlySpan<byte> text)
    {
        lock (Gate)
        {
            GrammarState? at = state;
            foreach (var value in text)
            {
                at = StepNeedsLock(at, value);
                if (at is null) return null;
            }

            return at;
        }
    }

    /// <summary>Whether a text is one of the grammar's.</summary>
    public bool Accepts(ReadOnlySpan<byte> text) => Step(Start, text) is { AcceptsEnd: true };

    /// <inheritdoc cref="Accepts(ReadOnlySpan{byte})"/>
    public bool Accepts(string text) => Accepts(Encoding.UTF8.GetBytes(text));

    /// <summary>The longest text that must follow. It is empty where there is a choice, or the text may end.</summary>
    /// <param name="state">A state.</param>
    /// <param name="maxBytes">Most bytes of it.</param>
    public byte[] Forced(GrammarState state, int maxBytes = MaxForcedBytes)
    {
        List<byte> forced = [];
        lock (Gate)
        {
            GrammarState? at = state;
            while (at is not null && forced.Count < maxBytes && _states.OnlyByte(at) is var value and >= 0)
            {
                forced.Add((byte)value);
                at = StepNeedsLock(at, (byte)value);
            }
        }

        return [.. forced];
    }

    internal int GenerationNeedsLock => _states.Generation;

    /// <summary>Its memory without masks, in bytes.</summary>
    internal long BytesNeedsLock => _tableBytes + _states.Bytes;

    /// <summary>The places that were looked at for all steps that were not known.</summary>
    internal long WorkNeedsLock => _states.Work;

    internal GrammarState? StepNeedsLock(GrammarState state, byte value) => _states.Step(state, value);

    internal (int Characters, bool IsExact) FreeRunNeedsLock(GrammarState state) => _states.FreeRun(state);

    internal void ShrinkNeedsLock() => _states.Shrink();
}

/// <summary>Which names objects may have that a schema does not declare.</summary>
internal enum OpenNameKind
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>From each beginning of a name there is no end of names.</summary>
    Endless,

    /// <summary>There is a beginning from which only some names can follow, and all of these may be used.</summary>
    Limited,
}
