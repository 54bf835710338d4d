using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>
/// Makes requests from a Gateway's own description: valid ones, ones with one place changed, and ones that no client would send. The
/// description decides which are valid.
/// </summary>
/// <param name="document">The description.</param>
/// <param name="random">Decides.</param>
/// <param name="known">Values that mean something, by component and property, or operation and parameter.</param>
/// <param name="ids">Jobs that were made so far.</param>
internal sealed class RequestMaker(
    ApiDocument document, SeededNumbers random, IReadOnlyDictionary<string, IReadOnlyList<string>> known, IReadOnlyList<string> ids)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private static readonly string[] OddTexts =
    [
        "", "abc", "-1", "0", "1", "2", "100", "101", "60", "60.5", "61", "1e1", "0x1", "NaN", "null", "true", "a,b", "\"", "\"a", "*",
        "2026-02-30",
        "9999-01-01",
    ];

    private static readonly string[] OddTypes =
    [
        "text/plain", "application/xml", "application/problem+json", "application/json; charset=utf-16", "multipart/form-data", "json",
        "application/jsonx", "*/*",
    ];

    private static readonly string[] OddMethods = ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "GET", "POST", "DELETE"];

    private static readonly string[] OddPaths =
    [
        "/v1/nothing", "/v1/jobs/x/nothing", "/v1//jobs", "/v1/jobs/%2e/x/y", "/v1/queues/x", "/v1/queues/x/stop", "/nothing", "/v1",
        "/v1/embeddings/x", "/v1/usage/x", "/v2/models", "/.%2e/etc",
    ];

    private readonly JsonMaker _json = new(document, random, known);

    public ApiRequest Next() => random.Below(20) switch
    {
        < 11 => Right(),
        < 17 => NearlyRight(),
        < 19 => Broken(),
        _ => Misplaced(),
    };

    private ApiRequest Right()
    {
        var draft = new Draft(random.OneOf(document.Operations));
        Fill(draft);
        return Finish(draft);
    }

    private ApiRequest NearlyRight()
    {
        var draft = new Draft(random.OneOf(document.Operations));
        Fill(draft);
        if (draft.Operation.Body is { } schema && (draft.Operation.Parameters.Count == 0 || random.Below(5) > 0))
        {
            draft.Body = _json.Spoil(draft.Body, schema);
        }
        else if (draft.Operation.Parameters.Count > 0)
        {
            var parameter = random.OneOf(draft.Operation.Parameters);
            var text = random.OneOf(OddTexts);
            // An empty header is as good as none; an empty path is another one.
            if (text.Length > 0 || parameter.Place == "query") draft.Values[parameter.Name] = [text];
            if (parameter.Place == "query" && random.Below(8) == 0) draft.Values[parameter.Name] = [text, "1"];
        }

        return Finish(draft);
    }

    /// <summary>Bodies that are no JSON or hardly any, and content types that do not fit.</summary>
    private ApiRequest Broken()
    {
        var draft = new Draft(random.OneOf([.. document.Operations.Where(one => one.Body is not null)]));
        Fill(draft);
        var text = Write(draft.Body);
        switch (random.Below(12))
        {
            case 0:
                draft.Raw = [.. Enumerable.Range(0, random.Below(200) + 1).Select(_ => (byte)random.Below(256))];
                break;
            case 1:
                draft.Raw = Utf8.GetBytes(text)[..random.Below(Utf8.GetByteCount(text))];
                break;
            case 2:
                draft.Raw = Utf8.GetBytes(text.Insert(text.Length - 1, $",\"deep\":{new string('[', random.OneOf([65, 200, 100_000]))}"));
                break;
            case 3:
                var depth = random.OneOf([65, 200, 20_000]);
                draft.Raw = Utf8.GetBytes(text.Insert(text.Length - 1, $",\"deep\":{new string('[', depth)}{new string(']', depth)}"));
                break;
            case 4:
                draft.Raw = Utf8.GetBytes(random.OneOf(["[]", "\"text\"", "1", "null", "true", "[{}]"]));
                break;
            case 5:
                draft.Raw = Utf8.GetBytes(text + random.OneOf(["}", "{}", "x", ",", "//"]));
                break;
            case 6:
                draft.Raw = [.. Utf8.GetBytes(text[..^1]), .. ",\"bad\":\""u8, 0xC3, 0x28, .. "\"}"u8];
                break;
            case 7:
                draft.Raw = Utf8.GetBytes(text.Insert(text.Length - 1, ",\"raw\":\"\n\0\""));
                break;
            case 8:
                draft.Raw = [];
                break;
            default:
                draft.ContentType = random.OneOf(OddTypes);
                break;
        }

        draft.Verdict = Verdict.Wrong;
        return Finish(draft);
    }

    /// <summary>Methods and paths that no operation has, and JSON of which the document says nothing.</summary>
    private ApiRequest Misplaced()
    {
        var draft = new Draft(random.OneOf(document.Operations));
        Fill(draft);
        switch (random.Below(4))
        {
            case 0:
                var method = random.OneOf(OddMethods);
                var sibling = document.Operations.Any(one => one.Method == method && one.Path == draft.Operation.Path);
                return sibling ? Finish(draft) : Finish(draft) with { Operation = null, Method = method };
            case 1:
                return Finish(draft) with { Operation = null, Target = random.OneOf(OddPaths) };
            case 2 when draft.Body is JsonObject { Count: > 0 } fields:
                var twice = random.OneOf([.. fields.Select(field => field.Key)]);
                var text = Write(draft.Body);
                draft.Raw = Utf8.GetBytes(text.Insert(text.Length - 1, $",{JsonSerializer.Serialize(twice)}:{Write(_json.Anything(2))}"));
                break;
            case 3 when draft.Body is not null:
                var whole = Write(draft.Body);
                var huge = new string('9', 400);
                var odd = random.OneOf(["\"x\":\"\\ud83d\"", "\"\\ud83d\":1", "\"x\":\"\\u0000\"", "\"x\":1e999", $"\"x\":{huge}"]);
                draft.Raw = Utf8.GetBytes(whole.Insert(1, whole.Length > 2 ? $"{odd}," : odd));
                break;
        }

        draft.Verdict = Verdict.Unsaid;
        return Finish(draft);
    }

    private void Fill(Draft draft)
    {
        foreach (var parameter in draft.Operation.Parameters)
            if (parameter.IsRequired || random.Below(3) == 0) draft.Values[parameter.Name] = [ValueOf(draft.Operation, parameter)];
        if (draft.Operation.Body is { } schema)
            draft.Body = draft.Operation.Example is { } example && random.Below(10) == 0 ? example.DeepClone() : _json.Make(schema);
    }

    private string ValueOf(ApiOperation operation, ApiParameter parameter)
    {
        if (ApiDocument.ComponentOf(parameter.Schema) == "JobId" && ids.Count > 0 && random.Below(10) > 0) return random.OneOf(ids);
        var values = known.GetValueOrDefault($"{operation.Name}.{parameter.Name}") ?? known.GetValueOrDefault(parameter.Name);
        return values is not null && random.Below(10) > 0 ? random.OneOf(values) : ParameterText.Of(_json.Make(parameter.Schema));
    }

    private ApiRequest Finish(Draft draft)
    {
        var operation = draft.Operation;
        List<(string Name, string Value)> headers = [];
        var (path, query) = (operation.Path, "");
        foreach (var parameter in operation.Parameters)
        {
            foreach (var value in draft.Values.GetValueOrDefault(parameter.Name) ?? [])
            {
                if (parameter.Place == "header")
                {
                    var shown = new string([.. value.Where(c => c is >= ' ' and <= '~')]).Trim();
                    if (shown.Length > 0) headers.Add((parameter.Name, shown));
                    draft.Values[parameter.Name] = shown.Length > 0 ? [shown] : [];
                }
                else if (parameter.Place == "query")
                {
                    query += $"{(query.Length == 0 ? '?' : '&')}{parameter.Name}={Uri.EscapeDataString(value)}";
                }
                else
                {
                    path = path.Replace($"{{{parameter.Name}}}", Uri.EscapeDataString(value), StringComparison.Ordinal);
                }
            }
        }

        var body = draft.Raw ?? (operation.Body is null ? null : Utf8.GetBytes(Write(draft.Body)));
        if (body is not null) headers.Add(("Content-Type", draft.ContentType));
        return new ApiRequest(operation, operation.Method, path + query, headers, body, draft.Verdict ?? Judge(draft));
    }

    private Verdict Judge(Draft draft)
    {
        foreach (var parameter in draft.Operation.Parameters)
        {
            if (draft.Values.GetValueOrDefault(parameter.Name) is not { Count: > 0 } values) continue;
            if (values.Count > 1) return Verdict.Wrong;
            if (ParameterText.ValueOf(document, parameter.Schema, values[0]) is not { } value) return Verdict.Wrong;
            if (!document.Takes(parameter.Schema, value)) return Verdict.Wrong;
        }

        if (draft.Operation.Body is not { } schema) return Verdict.Right;
        using var body = JsonDocument.Parse(Write(draft.Body));
        if (document.Takes(schema, body.RootElement)) return Verdict.Right;
        return IsForProvidersEmbeddings(draft.Operation, draft.Body) ? Verdict.Unsaid : Verdict.Wrong;
    }

    /// <summary>Of these the provider judges most fields, as the operation's description says.</summary>
    private bool IsForProvidersEmbeddings(ApiOperation operation, JsonNode? body)
    {
        var call = operation.Name == "submitJob" ? (body as JsonObject)?["body"] : operation.Name == "createEmbeddings" ? body : null;
        return (call as JsonObject)?["model"] is JsonValue model && model.TryGetValue<string>(out var name)
            && known["providers"].Contains(name);
    }

    private static string Write(JsonNode? body) => body?.ToJsonString() ?? "null";

    private sealed class Draft(ApiOperation operation)
    {
        public ApiOperation Operation { get; } = operation;

        public Dictionary<string, IReadOnlyList<string>> Values { get; } = [];

        public JsonNode? Body { get; set; }

        public byte[]? Raw { get; set; }

        public string ContentType { get; set; } = "application/json";

        public Verdict? Verdict { get; set; }
    }
}
