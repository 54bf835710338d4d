using System.Text.Json.Nodes;

namespace AiPlatform.InferenceWorker.Files;

/// <summary>A manifest to which the fields are added that it lacks and that the model's other files tell.</summary>
/// <param name="fields">The fields that it has.</param>
/// <param name="folder">Where the other files are.</param>
internal sealed class ManifestDraft(JsonObject fields, HubFolder folder)
{
    /// <summary>The origin of a value that no file tells, and that suits most models.</summary>
    public const string Usual = "usual";

    private readonly Dictionary<string, string> _origins = [];

    public JsonObject Fields => fields;

    public HubFolder Folder => folder;

    /// <summary>Where each added field comes from, for messages.</summary>
    public IReadOnlyDictionary<string, string> Origins => _origins;

    /// <summary>The names in <c>files</c>; none when it is no object.</summary>
    public IEnumerable<string> Files => fields["files"] is JsonObject files ? files.Select(one => one.Key) : [];

    public bool Lacks(string field) => !fields.ContainsKey(field);

    /// <summary>A field's value if it is a whole number; else null.</summary>
    public long? WholeOf(string field) =>
        fields[field] is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    /// <summary>A field's value if it is a text; else null.</summary>
    public string? TextOf(string field) =>
        fields[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Adds a field unless it is there, or the value is null because nothing tells it.</summary>
    public void Add(string field, JsonNode? value, string origin)
    {
        if (value is null || !Lacks(field)) return;
        fields[field] = value;
        _origins.Add(field, origin);
    }
}
