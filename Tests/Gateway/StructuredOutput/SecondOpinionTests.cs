using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.StructuredOutput;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

/// <summary>
/// Compares our results with those of JsonSchema.Net (json-everything) on random schemas and values with all keywords. Left out are
/// intended differences: formats (asserted by a setting here), patterns beyond ASCII (.NET's dialect there, ECMAScript's here), and numbers
/// beyond the range of decimal (rounded there).
/// </summary>
public sealed class SecondOpinionTests
{
    private const int Cases = 4_000;

    private static readonly string[] Names = ["a", "b", "ab", "c1"];
    private static readonly string[] Patterns = ["^a", "b$", "^[a-c]+$", "a|1", "^a.$", "(ab)+", @"\d", @"^\w*$", "^$"];
    private static readonly string[] Numbers = ["0", "1", "-1", "2", "3", "1.0", "0.5", "2.50", "1e1", "10", "-3.25", "100e-1"];
    private static readonly string[] Texts = ["", "a", "b", "ab", "abab", "c1", "1", "🐲", "🐲b"];

    private readonly SeededNumbers _random = new(20_261_128);

    [Fact]
    public void Check_RandomSchemasAndValues_AgreesWithJsonSchemaNet()
    {
        var (fitting, compared) = (0, 0);
        for (var i = 0; i < Cases; i++)
        {
            var schema = new JsonObject { ["$defs"] = new JsonObject { ["d"] = Schema(1), ["e"] = Schema(1) } };
            foreach (var (name, value) in Schema(3)) schema[name] = value?.DeepClone();
            var text = schema.ToJsonString();
            var oracle = Json.Schema.JsonSchema.FromText(text);
            Assert.True(AnswerSchema.TryCompile(Encoding.UTF8.GetBytes(text), assertFormats: false, out var sut, out var error),
                $"{error?.Message}\n{text}");
            for (var j = 0; j < 8; j++)
            {
                var value = Value(3);
                using var document = JsonDocument.Parse(value);

                var violations = sut.Check(value);

                Assert.True(oracle.Evaluate(document.RootElement).IsValid == (violations.Count == 0), $"{value}\n{text}\n{string.Join('\n', violations)}");
                compared++;
                fitting += violations.Count == 0 ? 1 : 0;
            }
        }

        // It proves nothing when everything fits, or nothing does.
        Assert.InRange(fitting, compared / 20, compared - (compared / 20));
    }

    private JsonObject Schema(int depth)
    {
        var schema = new JsonObject();
        for (var i = _random.Below(4); i >= 0; i--) AddKeyword(schema, depth);
        return schema;
    }

    private void AddKeyword(JsonObject schema, int depth)
    {
        switch (_random.Below(depth > 0 ? 32 : 15))
        {
            case 0: schema["type"] = Type(); break;
            case 1: schema["type"] = new JsonArray(Type(), "null"); break;
            case 2:
                schema["enum"] = new JsonArray(
                [.. Enumerable.Range(0, 1 + _random.Below(4)).Select(_ => JsonNode.Parse(Value(1)))]); break;
            case 3: schema["const"] = JsonNode.Parse(Value(1)); break;
            case 4: schema[_random.OneOf(["minimum", "exclusiveMinimum"])] = Number(); break;
            case 5: schema[_random.OneOf(["maximum", "exclusiveMaximum"])] = Number(); break;
            case 6: schema["multipleOf"] = JsonNode.Parse(_random.OneOf(["1", "2", "0.5", "0.25", "1e1"])); break;
            case 7: schema["minLength"] = _random.Below(3); break;
            case 8: schema["maxLength"] = _random.Below(4); break;
            case 9: schema["pattern"] = _random.OneOf(Patterns); break;
            case 10: schema[_random.OneOf(["minItems", "minProperties"])] = _random.Below(3); break;
            case 11: schema[_random.OneOf(["maxItems", "maxProperties"])] = _random.Below(4); break;
            case 12: schema["uniqueItems"] = _random.Below(4) > 0; break;
            case 13: schema["required"] = NameList(); break;
            case 14: schema["dependentRequired"] = new JsonObject { [_random.OneOf(Names)] = NameList() }; break;
            case 15: schema["items"] = Part(depth); break;
            case 16: schema["prefixItems"] = Parts(depth); break;
            case 17: schema["contains"] = Part(depth); break;
            case 18: schema["minContains"] = _random.Below(3); break;
            case 19: schema["maxContains"] = _random.Below(3); break;
            case 20 or 21: schema["properties"] = Named(Names, depth); break;
            case 22: schema["patternProperties"] = Named(Patterns, depth); break;
            case 23: schema["additionalProperties"] = Part(depth); break;
            case 24: schema["propertyNames"] = Part(depth); break;
            case 25: schema["dependentSchemas"] = Named(Names, depth); break;
            case 26: schema["allOf"] = Parts(depth); break;
            case 27: schema["anyOf"] = Parts(depth); break;
            case 28: schema["oneOf"] = Parts(depth); break;
            case 29: schema["not"] = Part(depth); break;
            case 30: schema["if"] = Part(depth); schema["then"] = Part(depth); schema["else"] = Part(depth); break;
            // The definitions do not refer to each other, so nothing goes round in a circle.
            default: schema["$ref"] = depth > 1 ? _random.OneOf(["#/$defs/d", "#/$defs/e"]) : null; break;
        }

        if (schema["$ref"] is null) schema.Remove("$ref");
    }

    private JsonNode Part(int depth) => _random.Below(8) switch
    {
        0 => JsonValue.Create(true),
        1 => JsonValue.Create(false),
        _ => Schema(depth - 1),
    };

    private JsonArray Parts(int depth) => [.. Enumerable.Range(0, 1 + _random.Below(3)).Select(_ => Part(depth))];

    private JsonObject Named(string[] names, int depth)
    {
        var named = new JsonObject();
        for (var i = _random.Below(3); i >= 0; i--) named[_random.OneOf(names)] = Part(depth);
        return named;
    }

    private JsonArray NameList() => [.. Names.Where(_ => _random.Below(3) == 0).Select(name => JsonValue.Create(name))];

    private JsonNode Type() => _random.OneOf(["string", "number", "integer", "boolean", "object", "array"]);

    private JsonNode Number() => JsonNode.Parse(_random.OneOf(Numbers))!;

    private string Value(int depth) => _random.Below(depth > 0 ? 10 : 6) switch
    {
        0 => _random.OneOf(["true", "false", "null"]),
        1 or 2 or 3 => _random.OneOf(Numbers),
        4 or 5 => Quoted(_random.OneOf(Texts)),
        6 or 7 => $"[{string.Join(',', Enumerable.Range(0, _random.Below(4)).Select(_ => Value(depth - 1)))}]",
        _ => $"{{{string.Join(',', Names.Where(_ => _random.Below(2) == 0).Select(name => $"{Quoted(name)}:{Value(depth - 1)}"))}}}",
    };

    private static string Quoted(string text) => JsonSerializer.Serialize(text);
}
