using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>An answer that was received.</summary>
internal sealed record ApiAnswer(int Status, string? ContentType, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The body as JSON; null when it is none.</summary>
    public JsonElement? Json
    {
        get
        {
            try
            {
                using var document = JsonDocument.Parse(Body, new JsonDocumentOptions { MaxDepth = 1_000 });
                return document.RootElement.Clone();
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>The error's code, in either dialect; null when there is none.</summary>
    public string? Code => Field("code");

    /// <summary>The field that is wrong, in either dialect.</summary>
    public string? Param => Field("param");

    private string? Field(string name)
    {
        if (Json is not { ValueKind: JsonValueKind.Object } json) return null;
        var error = json.TryGetProperty("error", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : json;
        return error.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}

/// <summary>Checks answers against the API document.</summary>
internal static class AnswerCheck
{
    private static readonly string[] NativePaths =
        ["/v1/jobs", "/v1/queues", "/v1/usage", "/v1/limits", "/v1/workers", "/v1/providers", "/v1/caller"];

    /// <summary>What is wrong with the answer of an operation; empty when nothing is.</summary>
    public static IReadOnlyList<string> Of(ApiDocument document, ApiOperation operation, ApiAnswer answer)
    {
        if (operation.AnswerOf(answer.Status) is not { } described) return [$"the status {answer.Status} is not documented"];

        var headers = HeaderMisfits(document, described, answer);
        var content = described["content"]?.AsObject();
        if (content is null) return answer.Body.Length == 0 ? headers : [.. headers, "there is a body, and none is documented"];
        if (answer.ContentType is not { } type || content[type] is not JsonObject media)
            return [.. headers, $"the content type '{answer.ContentType}' is not documented for {answer.Status}"];

        var isStream = type == "text/event-stream";
        return [.. headers, .. isStream ? EventMisfits(document, media, answer) : BodyMisfits(document, media["schema"]!, answer)];
    }

    /// <summary>
    /// What is wrong with an answer to a request that is not an operation: it must be an error in the dialect of its path.
    /// </summary>
    public static IReadOnlyList<string> OfNoOperation(ApiDocument document, string path, ApiAnswer answer)
    {
        if (answer.Status is < 400 or > 499) return [$"the status is {answer.Status}, although the document has no such operation"];
        var isNative = !IsBelow(path, "/v1") || NativePaths.Any(native => IsBelow(path, native));
        var (type, schema) = isNative ? ("application/problem+json", "ProblemBody") : ("application/json", "OpenAIErrorBody");
        return answer.ContentType == type
            ? BodyMisfits(document, new JsonObject { ["$ref"] = $"#/components/schemas/{schema}" }, answer)
            : [$"the content type is '{answer.ContentType}', not {type}"];
    }

    private static bool IsBelow(string path, string start) =>
        path.StartsWith(start, StringComparison.OrdinalIgnoreCase) && (path.Length == start.Length || path[start.Length] is '/' or '?');

    private static List<string> HeaderMisfits(ApiDocument document, JsonObject described, ApiAnswer answer)
    {
        List<string> misfits = [];
        foreach (var (name, header) in described["headers"]?.AsObject() ?? [])
        {
            if (!answer.Headers.TryGetValue(name, out var value))
            {
                if (header!["required"]?.GetValue<bool>() == true) misfits.Add($"the header {name} is missing");
                continue;
            }

            var schema = header!["schema"]!.AsObject();
            if (ParameterText.ValueOf(document, schema, value) is not { } read || document.MisfitsOf(schema, read).Count > 0)
                misfits.Add($"the header {name} is '{value}', which does not fit {schema.ToJsonString()}");
        }

        return misfits;
    }

    private static IReadOnlyList<string> BodyMisfits(ApiDocument document, JsonNode schema, ApiAnswer answer) =>
        answer.Json is { } json ? document.MisfitsOf(schema, json) : ["the body is not JSON"];

    /// <summary>Checks that each event's data fits the schema of its name. A stream that was left early may end anywhere.</summary>
    private static List<string> EventMisfits(ApiDocument document, JsonObject media, ApiAnswer answer)
    {
        var events = media["x-events"]!.AsObject();
        List<string> misfits = [];
        foreach (var item in SseParser.Create(new MemoryStream(answer.Body), (_, data) => data.ToArray()).Enumerate())
        {
            if (item.EventType == "message" && Encoding.UTF8.GetString(item.Data) == "[DONE]") continue;
            if (events[item.EventType] is not JsonObject schema)
            {
                misfits.Add($"the event '{item.EventType}' is not documented");
                continue;
            }

            using var json = ParseOrNull(item.Data);
            if (json is null) misfits.Add($"the data of an event '{item.EventType}' is not JSON: {Encoding.UTF8.GetString(item.Data)}");
            else misfits.AddRange(document.MisfitsOf(schema, json.RootElement).Select(one => $"event '{item.EventType}': {one}"));
        }

        return misfits;
    }

    private static JsonDocument? ParseOrNull(byte[] data)
    {
        try
        {
            return JsonDocument.Parse(data);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Parameters and headers are text; their schemas speak of values.</summary>
internal static class ParameterText
{
    /// <summary>What the text says, for a schema; null when it is not of the schema's type.</summary>
    public static JsonElement? ValueOf(ApiDocument document, JsonObject schema, string text)
    {
        var type = document.Resolve(schema)["type"]?.GetValue<string>();
        if (type is not ("integer" or "number")) return JsonSerializer.SerializeToElement(text);

        // Digits, and a point between them.
        var isNumber = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[^1]);
        return isNumber && (type == "number" || !text.Contains('.')) ? JsonSerializer.SerializeToElement(number) : null;
    }

    /// <summary>A value as it stands in a URL or a header.</summary>
    public static string Of(JsonNode? value) =>
        value is JsonValue text && text.TryGetValue<string>(out var said) ? said : value?.ToJsonString() ?? "";
}
