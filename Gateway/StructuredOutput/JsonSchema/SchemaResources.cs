using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>The schemas that references can name, by their <c>$id</c>, their <c>$anchor</c>, or their place.</summary>
/// <param name="budget">The budget of steps for reading schemas and resolving references.</param>
internal sealed class SchemaResources(StepBudget budget)
{
    /// <summary>Most parts of a schema that are schemas.</summary>
    public const int MaxSchemas = 10_000;

    private const int StepsOfSchema = 200;
    private const int StepsOfReference = 500;
    private const int StepsOfAddressCharacter = 10;

    private readonly Dictionary<string, JsonNode> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Resource, string Anchor), JsonNode> _anchors = [];
    private readonly Dictionary<JsonNode, Uri> _bases = new(ReferenceEqualityComparer.Instance);
    private int _schemas;

    /// <summary>Adds a document with all the schemas in it.</summary>
    /// <param name="address">Its base URI.</param>
    /// <param name="document">The document.</param>
    /// <exception cref="SchemaException">It has too many schemas, or an <c>$id</c> that is not a URI.</exception>
    public void Add(Uri address, JsonNode document)
    {
        AddResource(address, document);
        Stack<(JsonNode Schema, Uri Base)> left = new([(document, address)]);
        while (left.TryPop(out var next))
        {
            if (++_schemas > MaxSchemas) throw new SchemaException($"The schema has more than {MaxSchemas} parts.");
            budget.Spend(StepsOfSchema);
            if (next.Schema is not JsonObject schema) continue;

            var baseAddress = AddNames(schema, next.Base);
            foreach (var part in PartsOf(schema)) left.Push((part, baseAddress));
        }
    }

    /// <summary>The schema that a reference names; null when there is none.</summary>
    /// <param name="from">The schema that has the reference.</param>
    /// <param name="reference">A URI, a fragment, or both.</param>
    public JsonNode? Find(JsonNode from, string reference)
    {
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        var (path, fragment) = hash < 0 ? (reference, "") : (reference[..hash], reference[(hash + 1)..]);
        Uri? address = BaseOf(from);
        budget.Spend(StepsOfReference + ((long)StepsOfAddressCharacter * reference.Length));
        if (path.Length > 0) address = Resolved(address, path);
        if (address is null) return null;

        var name = Key(address);
        fragment = Uri.UnescapeDataString(fragment);
        if (fragment.Length > 0 && fragment[0] != '/') return _anchors.GetValueOrDefault((name, fragment));
        return _resources.TryGetValue(name, out var resource) ? Walk(resource, fragment) : null;
    }

    private Uri AddNames(JsonObject schema, Uri baseAddress)
    {
        if (TextOf(schema, "$id") is { } id)
        {
            if (id.IndexOf('#', StringComparison.Ordinal) is var hash and >= 0 && hash < id.Length - 1)
                throw new SchemaException($"{SchemaException.PlaceOf(schema)}.$id has a fragment: use $anchor.");
            if (Resolved(baseAddress, id.TrimEnd('#')) is not { } own)
                throw new SchemaException($"{SchemaException.PlaceOf(schema)}.$id is no address.");
            baseAddress = own;
            AddResource(own, schema);
        }

        if (TextOf(schema, "$anchor") is { } anchor) _anchors.TryAdd((Key(baseAddress), anchor), schema);
        // Without $dynamicRef, which is refused, it is an anchor like any other.
        if (TextOf(schema, "$dynamicAnchor") is { } dynamicAnchor) _anchors.TryAdd((Key(baseAddress), dynamicAnchor), schema);
        return baseAddress;
    }

    private Uri? Resolved(Uri baseAddress, string reference)
    {
        budget.Spend((long)StepsOfAddressCharacter * (baseAddress.OriginalString.Length + reference.Length));
        return Uri.TryCreate(baseAddress, reference, out var resolved) ? resolved : null;
    }

    private void AddResource(Uri address, JsonNode schema)
    {
        _resources.TryAdd(Key(address), schema);
        _bases[schema] = address;
    }

    private Uri BaseOf(JsonNode node)
    {
        for (var at = node; ; at = at.Parent!)
            if (_bases.TryGetValue(at, out var address)) return address;
    }

    private static IEnumerable<JsonNode> PartsOf(JsonObject schema)
    {
        foreach (var (name, value) in schema)
        {
            IEnumerable<JsonNode?> parts = value switch
            {
                not null when SchemaKeywords.WithSchema.Contains(name) => [value],
                JsonArray all when SchemaKeywords.WithSchemas.Contains(name) => all,
                JsonObject all when SchemaKeywords.WithNamedSchemas.Contains(name) => all.Select(one => one.Value),
                _ => [],
            };
            foreach (var part in parts)
                if (part is not null) yield return part;
        }
    }

    private static JsonNode? Walk(JsonNode resource, string pointer)
    {
        JsonNode? at = resource;
        foreach (var step in pointer.Split('/')
            .Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            at = at switch
            {
                JsonObject fields => fields[step],
                JsonArray items when int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                    && index < items.Count => items[index],
                _ => null,
            };
            if (at is null) return null;
        }

        return at;
    }

    private static string Key(Uri address) => address.IsAbsoluteUri ? address.AbsoluteUri.Split('#')[0] : address.OriginalString;

    private static string? TextOf(JsonObject schema, string name) =>
        schema.TryGetPropertyValue(name, out var value) && value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
