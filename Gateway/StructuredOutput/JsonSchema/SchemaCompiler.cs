using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Makes checks of a schema (JSON Schema, draft 2020-12), once. What cannot be checked in full is refused.</summary>
internal sealed class SchemaCompiler
{
    /// <summary>Where a schema is that does not say so itself. Nothing is ever fetched from anywhere.</summary>
    public static readonly Uri Here = new("https://schema.invalid/");

    private readonly SchemaResources _resources;
    private readonly Dictionary<JsonNode, SchemaNode> _nodes = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<(JsonObject Schema, SchemaNode Node)> _left = [];

    private SchemaCompiler(SchemaResources resources, bool assertsFormats) => (_resources, AssertsFormats) = (resources, assertsFormats);

    /// <summary>Whether <c>format</c> is checked.</summary>
    public bool AssertsFormats { get; }

    /// <param name="schema">The schema.</param>
    /// <param name="resources">What references can name; the schema is among it.</param>
    /// <param name="assertsFormats">Whether <c>format</c> is checked; otherwise it is a remark, as the draft has it.</param>
    /// <exception cref="SchemaException">The schema cannot be checked in full.</exception>
    public static SchemaNode Compile(JsonNode schema, SchemaResources resources, bool assertsFormats)
    {
        var compiler = new SchemaCompiler(resources, assertsFormats);
        var root = compiler.NodeOf(schema, schema.GetPath());
        // Parts are compiled one after another, not inside each other: a schema of any depth needs no deep stack.
        while (compiler._left.TryDequeue(out var next)) compiler.Compile(next.Schema, next.Node);
        SchemaLoops.Refuse(compiler._nodes);
        return root;
    }

    /// <summary>What becomes of a schema; it may be compiled only later.</summary>
    public SchemaNode NodeOf(JsonNode? schema, Keyword keyword) => NodeOf(schema, $"{keyword.Owner.GetPath()}.{keyword.Name}");

    /// <exception cref="SchemaException">Nothing has this name.</exception>
    public SchemaNode NodeReferredTo(string reference, Keyword keyword) =>
        _resources.Find(keyword.Owner, reference) is { } schema
            ? NodeOf(schema, keyword)
            : throw keyword.Wrong($"names '{reference}', which is not in the schema; nothing is fetched from elsewhere");

    private SchemaNode NodeOf(JsonNode? schema, string place)
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
                throw new SchemaException($"{place} must be a schema: an object, true or false.");
        }
    }

    private void Compile(JsonObject schema, SchemaNode node)
    {
        foreach (var (name, value) in schema)
            if (SchemaKeywords.Compile(new Keyword(name, value, schema, node, this)) is { } check) node.Add(check);
    }
}
