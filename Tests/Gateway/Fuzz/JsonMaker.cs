using System.Globalization;
using System.Text.Json.Nodes;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>
/// Makes JSON from a schema: valid values, often at a bound, and values with one place changed. The schema decides whether the result is
/// valid.
/// </summary>
/// <param name="document">Where schemas refer to.</param>
/// <param name="random">Decides.</param>
/// <param name="known">Values that mean something to the Gateway, by component and property such as <c>ChatRequest.model</c>.</param>
internal sealed class JsonMaker(ApiDocument document, SeededNumbers random, IReadOnlyDictionary<string, IReadOnlyList<string>> known)
{
    private const int LongestUsual = 40;

    private static readonly string[] Texts =
    [
        "a", "hello", "two words", "ä€", "😀", "日本語", "\"quoted\"", "\\", "\n\t", "\u0001", "null", "0", "<script>", "{}", "a/b", "%2F",
        "'; --",
        "\u2028", "e\u0301",
    ];

    private static readonly string[] Numbers =
        ["0", "-1", "1", "0.5", "-0.0001", "1e2", "2147483648", "9223372036854775808", "1e300", "3.0000000000000000001"];

    /// <summary>Makes a value that is nearly always valid; rules between fields may not hold.</summary>
    /// <param name="schema">What it must fit.</param>
    /// <param name="place">Its component and property, for known values.</param>
    /// <param name="depth">How deep it stands.</param>
    public JsonNode? Make(JsonObject schema, string place = "", int depth = 0)
    {
        var component = ApiDocument.ComponentOf(schema);
        if (component is not null) place = component;
        var whole = Flatten(document.Resolve(schema));
        if (place.Contains('.') && known.TryGetValue(place, out var values) && random.Below(20) > 0) return random.OneOf(values);
        if (whole.ContainsKey("const")) return whole["const"]?.DeepClone();
        if (whole["enum"] is JsonArray choices) return random.OneOf<JsonNode?>([.. choices])?.DeepClone();
        if (whole["examples"] is JsonArray examples) return random.OneOf<JsonNode?>([.. examples])?.DeepClone();
        return TypeOf(whole) switch
        {
            "null" => null,
            "boolean" => random.Below(2) == 0,
            "integer" => MakeNumber(whole, isInteger: true),
            "number" => MakeNumber(whole, isInteger: false),
            "string" => MakeText(whole),
            "array" => MakeArray(whole, place, depth),
            "object" => MakeObject(whole, place, depth),
            _ => Anything(depth),
        };
    }

    /// <summary>Changes one place: its type, its length, its bounds, its fields.</summary>
    /// <param name="value">Is changed, or replaced.</param>
    /// <param name="schema">Whose bounds are tried.</param>
    public JsonNode? Spoil(JsonNode? value, JsonObject schema)
    {
        var bounds = BoundsOf(schema).Distinct().ToList();
        var places = PlacesOf(value).ToList();
        if (places.Count == 0 || random.Below(30) == 0) return Anything(0);

        var (parent, key) = random.OneOf(places);
        if (parent is JsonObject fields)
        {
            var name = (string)key;
            switch (random.Below(6))
            {
                case 0:
                    fields.Remove(name);
                    break;
                case 1:
                    fields[random.Below(2) == 0 ? "x_more" : new string('k', Math.Min(Bound(bounds), 5_000))] = Anything(2);
                    break;
                default:
                    fields[name] = Instead(fields[name], bounds);
                    break;
            }
        }
        else
        {
            var items = (JsonArray)parent;
            if (random.Below(5) == 0) items.RemoveAt((int)key);
            else items[(int)key] = Instead(items[(int)key], bounds);
        }

        return value;
    }

    /// <summary>Any JSON.</summary>
    public JsonNode? Anything(int depth) => random.Below(depth > 3 ? 5 : 7) switch
    {
        0 => null,
        1 => random.Below(2) == 0,
        2 => JsonNode.Parse(random.OneOf(Numbers)),
        3 or 4 => random.OneOf(Texts),
        5 => new JsonArray([.. Enumerable.Range(0, random.Below(4)).Select(_ => Anything(depth + 1))]),
        _ => new JsonObject(
            [.. Enumerable.Range(0, random.Below(4)).Select(i => Field(i == 0 ? random.OneOf(Texts) : $"k{i}", depth + 1))]),
    };

    private KeyValuePair<string, JsonNode?> Field(string name, int depth) => new(name, Anything(depth));

    private JsonNode? Instead(JsonNode? value, List<long> bounds)
    {
        var bound = Bound(bounds);
        if (value is JsonArray { Count: > 0 } items && random.Below(2) == 0)
            return new JsonArray([.. Enumerable.Range(0, Math.Min(bound, 2_100)).Select(i => items[i % items.Count]?.DeepClone())]);
        return random.Below(8) switch
        {
            0 or 1 => Repeated(Math.Min(bound, 100_001)),
            2 or 3 => JsonValue.Create((long)bound),
            4 => -1 - (long)bound,
            5 => "",
            _ => Anything(0),
        };
    }

    /// <summary>Text of so many characters, which need not be as many UTF-16 units.</summary>
    private string Repeated(int count) => string.Concat(Enumerable.Repeat(random.OneOf(["a", "a", "é", "😀"]), count));

    /// <summary>A bound of the schema, or one beside it.</summary>
    private int Bound(List<long> bounds) =>
        bounds.Count == 0 ? random.Below(3) : (int)Math.Clamp(random.OneOf(bounds) + random.Below(3) - 1, 0, int.MaxValue);

    /// <summary>The schema with what its parts add: all of <c>allOf</c>, one of <c>anyOf</c> and <c>oneOf</c>.</summary>
    private JsonObject Flatten(JsonObject schema)
    {
        List<JsonObject> parts = [.. (schema["allOf"] as JsonArray ?? []).Select(one => one!.AsObject())];
        if (schema["anyOf"] is JsonArray any) parts.Add(random.OneOf<JsonNode?>([.. any])!.AsObject());
        if (schema["oneOf"] is JsonArray one) parts.Add(random.OneOf<JsonNode?>([.. one])!.AsObject());
        if (parts.Count == 0) return schema;

        var whole = schema.DeepClone().AsObject();
        foreach (var keyword in (string[])["allOf", "anyOf", "oneOf"]) whole.Remove(keyword);
        foreach (var part in parts) Add(whole, Flatten(document.Resolve(part)));
        return whole;
    }

    private static void Add(JsonObject whole, JsonObject part)
    {
        foreach (var (keyword, value) in part)
        {
            if (keyword == "properties" && whole[keyword] is JsonObject properties)
                foreach (var (name, schema) in value!.AsObject()) properties[name] = schema!.DeepClone();
            else if (keyword == "required" && whole[keyword] is JsonArray names)
                foreach (var name in value!.AsArray()) names.Add(name!.DeepClone());
            else whole[keyword] = value?.DeepClone();
        }
    }

    private string? TypeOf(JsonObject schema)
    {
        if (schema["type"] is JsonArray types)
        {
            var names = types.Select(one => one!.GetValue<string>()).ToList();
            return random.Below(6) > 0 ? random.OneOf([.. names.Where(name => name != "null")]) : random.OneOf(names);
        }

        return schema["type"]?.GetValue<string>() ?? (schema["properties"] is null ? null : "object");
    }

    private JsonNode MakeNumber(JsonObject schema, bool isInteger)
    {
        var least = Number(schema, "minimum") ?? Number(schema, "exclusiveMinimum");
        var most = Number(schema, "maximum");
        var step = schema["exclusiveMinimum"] is null ? 0 : isInteger ? 1 : 0.001m;
        var low = (least ?? -1_000) + step;
        var high = most ?? low + 1_000;
        var number = random.Below(5) switch
        {
            0 => low,
            1 when most is not null => high,
            2 => low + ((high - low) * random.Below(1_000) / 1_000),
            _ => Math.Min(high, low + random.Below(10)),
        };
        return JsonNode.Parse((isInteger ? Math.Floor(number) : number).ToString(CultureInfo.InvariantCulture))!;
    }

    private string MakeText(JsonObject schema)
    {
        var least = (int)(Number(schema, "minLength") ?? 0);
        var most = (int)(Number(schema, "maxLength") ?? LongestUsual);
        var format = schema["format"]?.GetValue<string>();
        if (format is "date" or "date-time") return format == "date" ? "2026-01-31" : "2026-01-31T12:00:00Z";
        if (random.Below(12) == 0) return Repeated(most);

        var text = random.OneOf(Texts);
        while (text.Length < least || random.Below(3) == 0) text += random.OneOf(Texts);
        return text.Length <= Math.Min(most, LongestUsual) ? text : "a";
    }

    private JsonArray MakeArray(JsonObject schema, string place, int depth)
    {
        var least = (int)(Number(schema, "minItems") ?? 0);
        var most = (int)(Number(schema, "maxItems") ?? least + 4);
        var count = random.Below(60) == 0 ? most : Math.Min(most, least + random.Below(4));
        var items = schema["items"] as JsonObject;
        var few = Enumerable.Range(0, Math.Min(count, 8))
            .Select(_ => items is null ? Anything(depth + 1) : Make(items, place, depth + 1)).ToList();
        return [.. Enumerable.Range(0, count).Select(i => i < few.Count ? few[i] : few[i % few.Count]?.DeepClone())];
    }

    private JsonObject MakeObject(JsonObject schema, string place, int depth)
    {
        var required = (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>()).ToHashSet();
        List<KeyValuePair<string, JsonNode?>> fields = [];
        foreach (var (name, property) in schema["properties"] as JsonObject ?? [])
        {
            if (required.Contains(name) || random.Below(3) == 0)
                fields.Add(new(name, Make(property!.AsObject(), $"{place}.{name}", depth + 1)));
        }

        var more = schema["additionalProperties"];
        if (more is JsonObject rule)
        {
            var names = (schema["propertyNames"] as JsonObject) ?? new JsonObject { ["maxLength"] = 10 };
            var count = random.Below(10) == 0 ? (int)(Number(schema, "maxProperties") ?? 3) : random.Below(3);
            for (var i = 0; i < count; i++)
                fields.Add(new(random.Below(10) == 0 && i == 0 ? MakeText(names) : $"k{i}", Make(rule, "", depth + 1)));
        }
        else if (more is not JsonValue && random.Below(8) == 0)
        {
            fields.Add(new("x_unknown", Anything(depth + 1)));
        }

        return new JsonObject(random.Shuffled(fields.DistinctBy(field => field.Key)));
    }

    private static decimal? Number(JsonObject schema, string keyword) =>
        schema[keyword] is { } number ? decimal.Parse(number.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture) : null;

    private static IEnumerable<(JsonNode Parent, object Key)> PlacesOf(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject fields:
                foreach (var (name, field) in fields)
                {
                    yield return (fields, name);
                    foreach (var place in PlacesOf(field)) yield return place;
                }

                break;
            case JsonArray items:
                for (var i = 0; i < Math.Min(items.Count, 8); i++)
                {
                    yield return (items, i);
                    foreach (var place in PlacesOf(items[i])) yield return place;
                }

                break;
        }
    }

    /// <summary>Every number that bounds something in the schema.</summary>
    private IEnumerable<long> BoundsOf(JsonNode? schema, int depth = 0)
    {
        if (depth > 8) yield break;
        switch (schema)
        {
            case JsonObject fields:
                foreach (var (keyword, value) in fields)
                {
                    var isBound = keyword.StartsWith('m') && value is JsonValue;
                    if (isBound && decimal.TryParse(value!.ToJsonString(), CultureInfo.InvariantCulture, out var bound))
                        yield return (long)Math.Clamp(bound, 0, int.MaxValue);
                    foreach (var inner in BoundsOf(value, depth + 1)) yield return inner;
                }

                if (fields["$ref"] is not null)
                    foreach (var inner in BoundsOf(document.Resolve(fields), depth + 1)) yield return inner;
                break;
            case JsonArray items:
                foreach (var inner in items.SelectMany(item => BoundsOf(item, depth + 1))) yield return inner;
                break;
        }
    }
}
