using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>A Gateway's own API description: its operations, and the schemas that values must fit.</summary>
internal sealed class ApiDocument
{
    private const string Components = "#/components/schemas/";

    /// <summary>Answers of providers, which may have further fields.</summary>
    private static readonly string[] Open =
        ["ChatCompletion", "ChatCompletionChunk", "EmbeddingList", "EmbeddingItem", "EmbeddingUsage", "ProviderErrorBody"];

    private readonly BuildOptions _options = new() { SchemaRegistry = new SchemaRegistry() };
    private readonly Dictionary<string, JsonSchema> _schemas = [];
    private readonly string _base = $"https://gateway.example/{Guid.NewGuid():n}";

    private ApiDocument(JsonObject document)
    {
        Schemas = document["components"]!["schemas"]!.AsObject();
        Operations = [.. document["paths"]!.AsObject().SelectMany(path => OperationsOf(path.Key, path.Value!.AsObject()))];
        Build($"{_base}/requests", Schemas);
        Build($"{_base}/answers", Closed());
    }

    public JsonObject Schemas { get; }

    public IReadOnlyList<ApiOperation> Operations { get; }

    public static async Task<ApiDocument> ReadAsync(HttpClient client) =>
        new((await client.GetFromJsonAsync<JsonObject>("/openapi/v1.json"))!);

    public ApiOperation Operation(string name) => Operations.Single(one => one.Name == name);

    /// <summary>The schema itself, where this one refers to it.</summary>
    public JsonObject Resolve(JsonObject schema) =>
        schema["$ref"] is { } reference ? Resolve(Schemas[reference.GetValue<string>()[Components.Length..]]!.AsObject()) : schema;

    /// <summary>The component that a schema refers to, if it does.</summary>
    public static string? ComponentOf(JsonObject schema) => schema["$ref"]?.GetValue<string>()[Components.Length..];

    /// <summary>Whether a request's value is right.</summary>
    public bool Takes(JsonNode schema, JsonElement value) =>
        SchemaOf("requests", schema).Evaluate(value, Evaluation(OutputFormat.Flag)).IsValid;

    /// <summary>What is wrong with an answer, which may only have described fields; empty when nothing is wrong.</summary>
    public IReadOnlyList<string> MisfitsOf(JsonNode schema, JsonElement value)
    {
        var result = SchemaOf("answers", schema).Evaluate(value, Evaluation(OutputFormat.List));
        return result.IsValid ? [] :
        [
            .. (result.Details ?? []).Where(one => one.Errors is not null)
                .SelectMany(one => one.Errors!.Select(error => $"{one.InstanceLocation}: {error.Value}")),
            $"it does not fit {schema.ToJsonString()}",
        ];
    }

    private static IEnumerable<ApiOperation> OperationsOf(string path, JsonObject methods) =>
        methods.Select(one => new ApiOperation(one.Key.ToUpperInvariant(), path, one.Value!.AsObject()));

    private static EvaluationOptions Evaluation(OutputFormat format) => new() { OutputFormat = format, RequireFormatValidation = true };

    private JsonSchema SchemaOf(string set, JsonNode schema)
    {
        var text = schema.ToJsonString().Replace(Components, $"{_base}/{set}#/$defs/", StringComparison.Ordinal);
        var name = $"{set} {text}";
        if (!_schemas.TryGetValue(name, out var built)) _schemas[name] = built = Build($"{_base}/{set}/{_schemas.Count}", text);
        return built;
    }

    private void Build(string id, JsonObject definitions)
    {
        var text = new JsonObject { ["$defs"] = definitions.DeepClone() }.ToJsonString();
        Build(id, text.Replace(Components, $"{id}#/$defs/", StringComparison.Ordinal));
    }

    private JsonSchema Build(string id, string text)
    {
        using var document = JsonDocument.Parse(text);
        return JsonSchema.Build(document.RootElement.Clone(), _options, new Uri(id));
    }

    /// <summary>Our own answers have only described fields, although the document allows fields that later versions may add.</summary>
    private JsonObject Closed()
    {
        var closed = Schemas.DeepClone().AsObject();
        foreach (var (name, schema) in closed)
            if (!Open.Contains(name) && schema!["properties"] is not null) schema["additionalProperties"] = false;
        return closed;
    }
}

/// <summary>An operation of the document.</summary>
internal sealed class ApiOperation(string method, string path, JsonObject node)
{
    public string Name { get; } = node["operationId"]!.GetValue<string>();

    public string Method { get; } = method;

    public string Path { get; } = path;

    /// <summary>Whether a Gateway with keys asks for one.</summary>
    public bool NeedsKey => Answers.ContainsKey("401");

    /// <summary>Whether only operators may call it.</summary>
    public bool IsForOperators => Path is "/v1/workers" or "/v1/providers" || Path.StartsWith("/v1/queues", StringComparison.Ordinal);

    public IReadOnlyList<ApiParameter> Parameters { get; } =
    [
        .. (node["parameters"]?.AsArray() ?? []).Select(one => new ApiParameter(
            one!["name"]!.GetValue<string>(), one["in"]!.GetValue<string>(), one["required"]?.GetValue<bool>() ?? false,
            one["schema"]!.AsObject())),
    ];

    /// <summary>The schema of the body; null when there is none.</summary>
    public JsonObject? Body { get; } = node["requestBody"]?["content"]?["application/json"]?["schema"]?.AsObject();

    /// <summary>A body that the document shows.</summary>
    public JsonNode? Example { get; } = node["requestBody"]?["content"]?["application/json"]?["example"];

    /// <summary>What the document shows as the answer of a success; null where there is none in JSON.</summary>
    public (JsonNode Schema, JsonNode? Example)? Success { get; } =
        (node["responses"]!["200"] ?? node["responses"]!["202"])?["content"]?["application/json"] is { } content
            ? (content["schema"]!, content["example"])
            : null;

    /// <summary>By status, or its range such as <c>4XX</c>.</summary>
    public IReadOnlyDictionary<string, JsonObject> Answers { get; } =
        node["responses"]!.AsObject().ToDictionary(one => one.Key, one => one.Value!.AsObject());

    /// <summary>The response of a status, or else of its range.</summary>
    public JsonObject? AnswerOf(int status) => Answers.GetValueOrDefault($"{status}") ?? Answers.GetValueOrDefault($"{status / 100}XX");
}

/// <summary>A parameter of an operation.</summary>
internal sealed record ApiParameter(string Name, string Place, bool IsRequired, JsonObject Schema);
