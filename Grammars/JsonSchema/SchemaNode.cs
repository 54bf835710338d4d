using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Strings;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>A schema of a document: an object with keywords, or true or false.</summary>
internal sealed class SchemaNode
{
    private readonly SchemaDocument _document;
    private readonly Dictionary<string, JsonElement> _keywords;
    private SchemaObjectParts? _parts;

    public SchemaNode(SchemaDocument document, JsonElement element, string pointer, int id)
    {
        (_document, Element, Pointer, Id) = (document, element, pointer, id);
        if (element.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False))
            throw new GrammarException($"{pointer} is neither an object nor true or false, so it is no schema.", null, pointer);
        _keywords = document.FieldsOf(element, pointer);
    }

    public JsonElement Element { get; }

    /// <summary>Its place in the document, as a fragment.</summary>
    public string Pointer { get; }

    public int Id { get; }

    public bool IsFalse => Element.ValueKind == JsonValueKind.False;

    public IEnumerable<string> Keywords => _keywords.Keys;

    public bool Has(string keyword) => _keywords.ContainsKey(keyword);

    /// <summary>The value of a keyword; null when the schema does not have it.</summary>
    public JsonElement? Get(string keyword) => _keywords.TryGetValue(keyword, out var value) ? value : null;

    /// <summary>The schema in a keyword; null when there is none.</summary>
    public SchemaNode? Child(string keyword) =>
        Get(keyword) is { } value ? _document.NodeAt(value, $"{Pointer}/{SchemaDocument.Escaped(keyword)}") : null;

    /// <summary>The schemas in a keyword whose value is an array; empty when there are none.</summary>
    public IReadOnlyList<SchemaNode> Children(string keyword)
    {
        if (Get(keyword) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) throw Invalid(keyword, "is not an array");
        return [.. value.EnumerateArray().Select((one, i) => _document.NodeAt(one, $"{Pointer}/{keyword}/{i}"))];
    }

    /// <summary>The schemas in a keyword whose value is an object, in their order.</summary>
    public IReadOnlyList<(string Name, SchemaNode Schema)> NamedChildren(string keyword)
    {
        if (Get(keyword) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Object) throw Invalid(keyword, "is not an object");
        return
        [
            .. value.EnumerateObject().Select(
                one => (one.Name, _document.NodeAt(one.Value, $"{Pointer}/{keyword}/{SchemaDocument.Escaped(one.Name)}"))),
        ];
    }

    /// <summary>The schema to which <c>$ref</c> refers; null when there is no reference.</summary>
    public SchemaNode? Referred() => Get("$ref") is null ? null : _document.Resolve(this, Text("$ref")!);

    public string? Text(string keyword)
    {
        if (Get(keyword) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.String) throw Invalid(keyword, "is not a string");
        return SchemaDocument.TextOf(value) ?? throw Invalid(keyword, "has half a surrogate pair");
    }

    /// <summary>A count, such as <c>maxItems</c>. Counts beyond 2 to the power of 30 are that number.</summary>
    public int? Count(string keyword)
    {
        if (Get(keyword) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var count) || count < 0 || count != Math.Floor(count))
            throw Invalid(keyword, "is not an integer of at least 0");
        return (int)Math.Min(count, 1 << 30);
    }

    public IReadOnlyList<string> Texts(string keyword)
    {
        if (Get(keyword) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) throw Invalid(keyword, "is not an array");
        return
        [
            .. value.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.String
                ? SchemaDocument.TextOf(one) ?? throw Invalid(keyword, "has half a surrogate pair")
                : throw Invalid(keyword, "has a member that is not a string")),
        ];
    }

    /// <summary>Its keywords for objects, read once.</summary>
    public SchemaObjectParts ObjectParts => _parts ??= new SchemaObjectParts(this);

    /// <summary>An error of a keyword: <c>'minimum' of #/properties/a is not a number.</c></summary>
    public GrammarException Invalid(string keyword, string what) =>
        new($"'{keyword}' of {Pointer} {what}.", keyword, Pointer);
}

/// <summary>The keywords of a schema that say which schemas a property's value must fit.</summary>
internal sealed class SchemaObjectParts
{
    private readonly Dictionary<string, SchemaNode> _properties = new(StringComparer.Ordinal);

    public SchemaObjectParts(SchemaNode node)
    {
        var properties = node.NamedChildren("properties");
        foreach (var (name, schema) in properties) _properties[name] = schema;
        Names = [.. properties.Select(one => one.Name)];
        Patterns = node.NamedChildren("patternProperties");
        Additional = node.Child("additionalProperties");
        Required = node.Texts("required");
    }

    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<(string Pattern, SchemaNode Schema)> Patterns { get; }

    public SchemaNode? Additional { get; }

    public IReadOnlyList<string> Required { get; }

    public bool IsEmpty => Names.Count == 0 && Patterns.Count == 0 && Additional is null;

    /// <summary>The schemas that the value of a property must fit.</summary>
    public IEnumerable<SchemaNode> SchemasOf(SchemaNode node, string name, StringPatterns patterns)
    {
        var isNamed = _properties.TryGetValue(name, out var property);
        if (isNamed) yield return property!;
        foreach (var (pattern, schema) in Patterns)
        {
            if (!patterns.OfPattern(node, "patternProperties", pattern).IsMatch(name)) continue;
            isNamed = true;
            yield return schema;
        }

        if (!isNamed && Additional is not null) yield return Additional;
    }
}
