namespace AiPlatform.Gateway.Callers;

/// <summary>
/// The keys that are let in; section <c>ApiKeys</c>, read at start. An entry for each, whose name is the tenant; without
/// entries everybody is the same tenant.
/// <code>
/// "ApiKeys": {
///   "search": { "Sha256": "64 hex digits" },
///   "ops":    { "Sha256": "64 hex digits", "Role": "operator" }
/// }
/// </code>
/// </summary>
internal sealed class ApiKeyOptions
{
    public const string SectionName = "ApiKeys";

    public IReadOnlyList<ApiKey> Keys { get; set; } = [];
}
