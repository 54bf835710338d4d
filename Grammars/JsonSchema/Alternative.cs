namespace AiPlatform.Grammars.JsonSchema;

/// <summary>
/// Schemas that a value must fit all at once, with references followed and <c>allOf</c> merged, and one branch of each <c>anyOf</c> and
/// <c>oneOf</c> chosen. What each schema itself says is left to be looked at.
/// </summary>
/// <param name="Schemas">The schemas, in the order of the document.</param>
/// <param name="Types">The types that all of them allow.</param>
internal sealed record Alternative(IReadOnlyList<SchemaNode> Schemas, JsonTypes Types);

/// <summary>Schemas that a value must fit all at once, as they stand in the document.</summary>
/// <param name="Schemas">The schemas, each once, ordered by number.</param>
/// <param name="WithoutOneOf">The schema whose <c>oneOf</c> is left out, because it is being proved; null for none.</param>
internal sealed record Conjunction(IReadOnlyList<SchemaNode> Schemas, SchemaNode? WithoutOneOf = null)
{
    /// <summary>The same text for the same schemas.</summary>
    public string Key => $"{string.Join(',', Schemas.Select(one => one.Id))}/{WithoutOneOf?.Id}";

    public static Conjunction Of(IEnumerable<SchemaNode> schemas) => new([.. schemas.DistinctBy(one => one.Id).OrderBy(one => one.Id)]);
}
