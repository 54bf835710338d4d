using System.Globalization;
using System.Text.Json;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>A schema's document: its schemas by their places, and what references can name.</summary>
internal sealed class SchemaDocument
{
    private const int MaxDepth = 128;
    private const string Root = "#";

    private static readonly Uri Here = new("schema:///root");
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private static readonly string[] WithSchema =
        ["additionalProperties", "items", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems",
            "unevaluatedProperties"];

    private static readonly string[] WithSchemas = ["allOf", "anyOf", "oneOf", "prefixItems"];
    private static readonly string[] WithNamedSchemas = ["$defs", "definitions", "properties", "patternProperties", "dependentSchemas"];

    private readonly CompileBudget _budget;
    private readonly JsonElement _root;
    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, JsonElement>> _fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Uri> _bases = new(StringComparer.Ordinal) { [Root] = Here };
    private readonly Dictionary<string, string> _resources = new(StringComparer.Ordinal) { [Here.AbsoluteUri] = Root };
    private readonly Dictionary<(string Resource, string Anchor), string> _anchors = [];

    private SchemaDocument(JsonElement root, CompileBudget budget) => (_root, _budget) = (root, budget);

    /// <exception cref="GrammarException">The text is not JSON, or it nests too deep.</exception>
    public static SchemaDocument Parse(ReadOnlyMemory<byte> schema, CompileBudget budget)
    {
        if (schema.Length > budget.Limits.MaxSourceBytes)
            throw new GrammarException($"The schema has {schema.Length} bytes; the most are {budget.Limits.MaxSourceBytes}.");
        budget.Spend(schema.Length);
        try
        {
            using var document = JsonDocument.Parse(schema, Options);
            var parsed = new SchemaDocument(document.RootElement.Clone(), budget);
            parsed.FindNames();
            return parsed;
        }
        catch (JsonException invalid)
        {
            throw new GrammarException(
                $"The schema must be JSON of at most {MaxDepth} levels, without a name twice in an object. {invalid.Message}");
        }
        catch (InvalidOperationException)
        {
            // The reader compares the names of each object.
            throw new GrammarException("A name in the schema has half a surrogate pair.");
        }
    }

    public SchemaNode RootNode() => NodeAt(_root, Root);

    public SchemaNode NodeAt(JsonElement element, string pointer)
    {
        if (_nodes.TryGetValue(pointer, out var node)) return node;
        _budget.Spend(50 + pointer.Length);
        return _nodes[pointer] = new SchemaNode(this, element, pointer, _nodes.Count);
    }

    /// <summary>The fields of an object by their names; none for other values.</summary>
    public Dictionary<string, JsonElement> FieldsOf(JsonElement element, string pointer)
    {
        if (_fields.TryGetValue(pointer, out var fields)) return fields;
        fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in element.EnumerateObject())
            {
                _budget.Spend(10);
                fields[NameOf(field, pointer)] = field.Value;
            }
        }

        return _fields[pointer] = fields;
    }

    /// <exception cref="GrammarException">The document has nothing of this name.</exception>
    public SchemaNode Resolve(SchemaNode from, string reference)
    {
        _budget.Spend(100 + reference.Length);
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        var (path, fragment) = hash < 0 ? (reference, "") : (reference[..hash], reference[(hash + 1)..]);
        Uri? address = BaseOf(from.Pointer);
        if (path.Length > 0 && !Uri.TryCreate(address, path, out address)) throw from.Invalid("$ref", "is no address");
        if (!_resources.TryGetValue(KeyOf(address!), out var resource))
            throw from.Invalid("$ref", "refers to another document; only references within the schema are followed");
        fragment = Uri.UnescapeDataString(fragment);
        if (fragment.Length > 0 && fragment[0] != '/')
        {
            resource = _anchors.GetValueOrDefault((KeyOf(address!), fragment)) ?? throw from.Invalid("$ref", "refers to nothing");
            fragment = "";
        }

        var pointer = resource + string.Concat(fragment.Split('/').Skip(1).Select(step => '/' + Escaped(Unescaped(step))));
        return ElementAt(pointer) is { } element ? NodeAt(element, pointer) : throw from.Invalid("$ref", "refers to nothing");
    }

    /// <summary>A step of a pointer.</summary>
    public static string Escaped(string step) =>
        step.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>A string; null if it has half a surrogate pair, which no text in UTF-8 has.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            var text = value.GetString();
            return text;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A name; null if it has half a surrogate pair.</summary>
    public static string? TextOf(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string NameOf(JsonProperty field, string pointer) =>
        TextOf(field) ?? throw new GrammarException($"A name in {pointer} has half a surrogate pair.", null, pointer);

    private static string Unescaped(string step) =>
        step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static string KeyOf(Uri address) => address.IsAbsoluteUri ? address.AbsoluteUri.Split('#')[0] : address.OriginalString;

    private JsonElement? ElementAt(string pointer)
    {
        var (at, place) = (_root, Root);
        foreach (var step in pointer.Split('/').Skip(1))
        {
            if (at.ValueKind == JsonValueKind.Array)
            {
                if (!int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= at.GetArrayLength())
                    return null;
                at = at[index];
            }
            else if (!FieldsOf(at, place).TryGetValue(Unescaped(step), out at))
            {
                return null;
            }

            place = $"{place}/{step}";
        }

        return at;
    }

    private Uri BaseOf(string pointer)
    {
        for (var at = pointer; ; at = at[..at.LastIndexOf('/')])
            if (_bases.TryGetValue(at, out var address)) return address;
    }

    /// <summary>Finds the schemas that have a name of their own.</summary>
    private void FindNames()
    {
        Stack<(JsonElement Schema, string Pointer, Uri Base)> left = new([(_root, Root, Here)]);
        while (left.TryPop(out var next))
        {
            if (next.Schema.ValueKind != JsonValueKind.Object) continue;
            _budget.Spend(50 + next.Pointer.Length);
            var address = next.Base;
            foreach (var (name, value) in FieldsOf(next.Schema, next.Pointer))
            {
                if (name == "$id" && value.ValueKind == JsonValueKind.String && Uri.TryCreate(address, TextOf(value), out var own))
                {
                    address = own;
                    _resources.TryAdd(KeyOf(own), next.Pointer);
                    _bases[next.Pointer] = own;
                }
            }

            foreach (var (name, value) in FieldsOf(next.Schema, next.Pointer))
            {
                if (name is "$anchor" or "$dynamicAnchor" && value.ValueKind == JsonValueKind.String && TextOf(value) is { } anchor)
                    _anchors.TryAdd((KeyOf(address), anchor), next.Pointer);
                foreach (var (part, step) in PartsOf(name, value)) left.Push((part, next.Pointer + step, address));
            }
        }
    }

    private static IEnumerable<(JsonElement Part, string Step)> PartsOf(string name, JsonElement value)
    {
        if (WithSchema.Contains(name)) return [(value, $"/{name}")];
        if (WithSchemas.Contains(name) && value.ValueKind == JsonValueKind.Array)
            return value.EnumerateArray().Select((one, i) => (one, $"/{name}/{i}"));
        if (WithNamedSchemas.Contains(name) && value.ValueKind == JsonValueKind.Object)
            return value.EnumerateObject().Select(one => (one.Value, $"/{name}/{Escaped(NameOf(one, name))}"));
        return [];
    }
}
