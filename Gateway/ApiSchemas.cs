using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Tasks;
using AiPlatform.Jobs.Tasks;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway;

/// <summary>
/// Adds to the API's description what the types of requests and answers cannot express: bounds, formats, and dependencies between fields.
/// These rules are in <c>schemas.json</c>, by component, here and in the folder of each task. The names of enum values are taken from the
/// enums. Tests compare all of it with real answers.
/// </summary>
internal static class ApiSchemas
{
    /// <summary>Types that only hold a value; the rules describe the value.</summary>
    private static readonly string[] Replaced = [nameof(TaskAnswer), nameof(JsonElement)];

    private static readonly JsonObject Rules = ReadRules();

    /// <summary>Completes the components of a document that has all its routes.</summary>
    public static async Task CompleteAsync(OpenApiDocument document, CancellationToken cancellationToken)
    {
        var schemas = document.Components!.Schemas!;
        foreach (var name in Replaced) schemas.Remove(name);
        foreach (var (name, rule) in Rules)
        {
            var schema = schemas.TryGetValue(name, out var known)
                ? JsonNode.Parse(await known.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken))!.AsObject()
                : [];
            Complete(schema, rule!.AsObject());
            schemas[name] = ApiComponents.Parse(schema, document);
        }
    }

    private static JsonObject ReadRules()
    {
        var rules = new JsonObject();
        var assembly = typeof(ApiSchemas).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith("schemas.json", StringComparison.Ordinal)))
        {
            using var file = assembly.GetManifestResourceStream(name)!;
            foreach (var (component, rule) in JsonNode.Parse(file)!.AsObject()) rules.Add(component, rule!.DeepClone());
        }

        rules[nameof(JobRequest)]!["oneOf"] = new JsonArray([.. GatewayTasks.All.Select(JobOf)]);
        rules[nameof(JobResource)]!["properties"]!["output"] = new JsonObject
        {
            ["anyOf"] = new JsonArray(
                [new JsonObject { ["type"] = "null" }, .. GatewayTasks.All.Select(task => ApiComponents.To(task.AnswerComponent))]),
        };
        var kinds = Enum.GetValues<InferenceErrorKind>();
        var codes = kinds.Select(kind => new InferenceError { Kind = kind, Message = "" }.Code);
        rules["ErrorCode"] = Names("A stable name for programs.", codes.Append(OpenAIError.RateLimitCode));
        rules["ErrorType"] = Names("OpenAI's name for the kind of error.", kinds.Select(kind => OpenAIError.Map(kind).Type));
        rules["JobStatus"] = Names("The status of a job.", Enum.GetValues<JobStatus>().Select(status => status.Name));
        rules["JobLane"] = Names("Where a job waits.", Enum.GetValues<Lane>().Select(lane => lane.Name));
        rules["JobEndpoint"] = Names("The route whose call a job runs.", ModelTasks.All.Select(task => task.Endpoint));
        return rules;
    }

    private static JsonObject JobOf(IGatewayTask task) => new()
    {
        ["properties"] = new JsonObject { ["endpoint"] = new JsonObject { ["const"] = task.Task.Endpoint }, ["body"] = task.JobBody },
    };

    private static JsonObject Names(string description, IEnumerable<string> names) => new()
    {
        ["description"] = description,
        ["type"] = "string",
        ["enum"] = new JsonArray([.. names.Distinct().Select(name => JsonValue.Create(name))]),
    };

    private static void Complete(JsonObject schema, JsonObject rule)
    {
        foreach (var (keyword, value) in rule)
        {
            if (keyword == "properties" && schema["properties"] is JsonObject properties) Replace(properties, value!.AsObject());
            else schema[keyword] = value?.DeepClone();
        }
    }

    /// <summary>Replaces the schemas of properties; their descriptions stay.</summary>
    private static void Replace(JsonObject properties, JsonObject rules)
    {
        foreach (var (name, rule) in rules)
        {
            var described = rule!.DeepClone();
            if (described["description"] is null && TextOf(properties[name]) is { } text) described["description"] = text;
            properties[name] = described;
        }
    }

    /// <summary>The description of a property; if the property may be null, its description is one level deeper.</summary>
    private static string? TextOf(JsonNode? property)
    {
        JsonNode?[] places = [property, .. property?["oneOf"] as JsonArray ?? []];
        return places.Select(place => place?["description"]?.GetValue<string>()).FirstOrDefault(text => text is not null);
    }
}
