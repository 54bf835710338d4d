using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.StructuredOutput.Patterns;
using AiPlatform.Grammars.Patterns;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Compiles a schema (JSON Schema, draft 2020-12) into checks. A schema that cannot be checked completely is refused.</summary>
internal sealed class SchemaCompiler
{
    /// <summary>The base URI of a schema without <c>$id</c>. Nothing is ever fetched.</summary>
    public static readonly Uri Here = new("https://schema.invalid/");

    /// <summary>Most states of all patterns of a schema together.</summary>
    public const int MaxStates = 100_000;

    private const int MaxPatternShown = 100;
    private const int StepsOfSchema = 100;
    private const int StepsOfKeyword = 100;

    private readonly SchemaResources _resources;
    private readonly Dictionary<JsonNode, SchemaNode> _nodes = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<(JsonObject Schema, SchemaNode Node)> _left = [];

    private readonly Dictionary<string, EcmaPattern> _patterns = new(StringComparer.Ordinal);
    private int _states;

    private SchemaCompiler(SchemaResources resources, bool assertsFormats, StepBudget budget) =>
        (_resources, AssertsFormats, Budget) = (resources, assertsFormats, budget);

    /// <summary>Whether <c>format</c> is checked.</summary>
    public bool AssertsFormats { get; }

    /// <summary>The budget of steps.</summary>
    public StepBudget Budget { get; }

    /// <param name="schema">The schema.</param>
    /// <param name="resources">The schemas that references can name, including this schema.</param>
    /// <param name="assertsFormats">Whether <c>format</c> is checked; otherwise it is an annotation, as the draft says.</param>
    /// <param name="budget">The budget of steps.</param>
    /// <exception cref="SchemaException">The schema cannot be checked completely.</exception>
    public static SchemaNode Compile(JsonNode schema, SchemaResources resources, bool assertsFormats, StepBudget budget)
    {
        var compiler = new SchemaCompiler(resources, assertsFormats, budget);
        var root = compiler.NodeOf(schema, () => new SchemaException("The schema must be a schema: an object, true or false."));
        // Parts are compiled one after another and not recursively, so a deep schema needs no deep stack.
        while (compiler._left.TryDequeue(out var next)) compiler.Compile(next.Schema, next.Node);
        SchemaLoops.Refuse(compiler._nodes);
        return root;
    }

    /// <summary>The node of a schema, which may be compiled later.</summary>
    public SchemaNode NodeOf(JsonNode? schema, Keyword keyword) =>
        NodeOf(schema, () => keyword.Wrong("must be a schema: an object, true or false"));

    /// <exception cref="SchemaException">The reference names no schema.</exception>
    public SchemaNode NodeReferredTo(string reference, Keyword keyword) =>
        _resources.Find(keyword.Owner, reference) is { } schema
            ? NodeOf(schema, keyword)
            : throw keyword.Wrong(
                $"names '{Checking.Shortened(reference)}', which is not in the schema; nothing is fetched from elsewhere");

    /// <summary>The compiled pattern; equal patterns of a schema are compiled once.</summary>
    /// <exception cref="SchemaException">It is not a valid pattern, or it or all patterns together are too large.</exception>
    public EcmaPattern PatternOf(string text, Keyword keyword)
    {
        if (_patterns.TryGetValue(text, out var known)) return known;

        try
        {
            var pattern = EcmaPattern.Compile(text, Budget);
            _states += pattern.States;
            if (_states > MaxStates)
            {
                throw keyword.Wrong(
                    $"has one pattern too many: with their counts written out the schema's have more than {MaxStates} states");
            }
            _patterns.Add(text, pattern);
            return pattern;
        }
        catch (PatternException wrong)
        {
            var shown = Checking.Shortened(text, MaxPatternShown);
            throw keyword.Wrong($"has the pattern '{shown}', which is wrong: {wrong.Message.TrimEnd('.')}");
        }
    }

    private SchemaNode NodeOf(JsonNode? schema, Func<SchemaException> noSchema)
    {
        if (schema is not null && _nodes.TryGetValue(schema, out var known)) return known;

        switch (schema)
        {
            case JsonObject fields:
                var node = new SchemaNode();
                _nodes.Add(fields, node);
                _left.Enqueue((fields, node));
                return node;
            case JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
                var constant = new SchemaNode { FitsNothing = value.GetValueKind() == JsonValueKind.False };
                _nodes.Add(value, constant);
                return constant;
            default:
                throw noSchema();
        }
    }

    private void Compile(JsonObject schema, SchemaNode node)
    {
        Budget.Spend(StepsOfSchema + ((long)StepsOfKeyword * schema.Count));
        foreach (var (name, value) in schema)
            if (SchemaKeywords.Compile(new Keyword(name, value, schema, node, this)) is { } check) node.Add(check);
    }
}

/// <summary>A schema cannot be checked completely. The message tells its author the place, the reason and what to do.</summary>
internal sealed class SchemaException(string message) : Exception(message)
{
    private const int MaxPathShown = 300;

    /// <summary>The place of a part of a schema, for a message.</summary>
    public static string PlaceOf(JsonNode part) => Checking.Shortened(part.GetPath(), MaxPathShown);
}
