using System.Text.Json.Nodes;
using AiPlatform.Grammars;
using Xunit;

namespace AiPlatform.Tests.Grammars;

/// <summary>Random schemas of all keywords: what a grammar allows fits the schema, says JsonSchema.Net.</summary>
public sealed class RandomSchemaGrammarTests
{
    private const int Cases = 500;

    private static readonly string[] Names = ["a", "b", "ab", "c1"];
    private static readonly string[] Patterns = ["^a", "b$", "^[a-c]+$", "a|1", "^a.$", "(ab)+", "^[0-9]", "^$", "^(a|b){1,3}$"];
    private static readonly string[] Numbers = ["0", "1", "-1", "2", "3", "0.5", "2.50", "1e1", "10", "-3.25"];
    private static readonly string[] Values = ["null", "true", "1", "-1", "2.5", "\"\"", "\"a\"", "\"ab\"", "[]", "[1]", "{}", "{\"a\":1}"];
    private static readonly string[] Types = ["null", "boolean", "integer", "number", "string", "array", "object"];

    private readonly Random _random = new(20_261_128);

    [Fact]
    public void Walk_RandomSchema_GivesOnlyInstances()
    {
        var compiled = 0;
        for (var i = 0; i < Cases; i++)
        {
            var schema = Schema(3);
            schema["$defs"] = new JsonObject { ["d"] = Schema(1), ["e"] = Schema(1) };
            var text = schema.ToJsonString();
            Grammar sut;
            try
            {
                sut = Grammar.OfJsonSchema(text);
            }
            catch (GrammarException)
            {
                continue;
            }

            compiled++;
            var oracle = Json.Schema.JsonSchema.FromText(text);
            for (var seed = 0; seed < 3; seed++)
            {
                var value = Walks.Text(sut, new Random((i * 10) + seed), 30);
                Assert.True(Oracle.Fits(oracle, value), $"{value}\n{text}");
            }
        }

        Assert.InRange(compiled, Cases / 4, Cases);
    }

    private JsonObject Schema(int depth)
    {
        var schema = new JsonObject();
        if (_random.Next(3) > 0) schema["type"] = OneOf(Types);
        for (var i = _random.Next(4); i >= 0; i--) AddKeyword(schema, depth);
        return schema;
    }

    private void AddKeyword(JsonObject schema, int depth)
    {
        switch (_random.Next(depth > 0 ? 26 : 13))
        {
            case 0: schema["type"] = new JsonArray(OneOf(Types), "null"); break;
            case 1: schema["enum"] = new JsonArray([.. Enumerable.Range(0, 3).Select(_ => JsonNode.Parse(OneOf(Values)))]); break;
            case 2: schema["const"] = JsonNode.Parse(OneOf(Values)); break;
            case 3: schema[OneOf(["minimum", "exclusiveMinimum"])] = JsonNode.Parse(OneOf(Numbers)); break;
            case 4: schema[OneOf(["maximum", "exclusiveMaximum"])] = JsonNode.Parse(OneOf(Numbers)); break;
            case 5: schema["multipleOf"] = JsonNode.Parse(OneOf(["1", "2", "0.5", "0.25", "1e1", "3"])); break;
            case 6: schema["minLength"] = _random.Next(3); break;
            case 7: schema["maxLength"] = _random.Next(5); break;
            case 8: schema["pattern"] = OneOf(Patterns); break;
            case 9: schema[OneOf(["minItems", "minProperties"])] = _random.Next(3); break;
            case 10: schema[OneOf(["maxItems", "maxProperties"])] = _random.Next(4); break;
            case 11: schema["required"] = new JsonArray([.. Names.Where(_ => _random.Next(3) == 0).Select(name => (JsonNode)name)]); break;
            case 12: schema["not"] = new JsonObject { ["type"] = OneOf(Types) }; break;
            case 13 or 14 or 15:
                schema["properties"] = new JsonObject(
                    Names.Where(_ => _random.Next(2) == 0).Select(name => KeyValuePair.Create(name, Part(depth))));
                break;
            case 16: schema["additionalProperties"] = Part(depth); break;
            case 17: schema["patternProperties"] = new JsonObject { [OneOf(Patterns)] = Part(depth) }; break;
            case 18: schema["items"] = Part(depth); break;
            case 19: schema["prefixItems"] = new JsonArray(Part(depth), Part(depth)); break;
            case 20: schema["allOf"] = new JsonArray(Part(depth), Part(depth)); break;
            case 21 or 22: schema["anyOf"] = new JsonArray(Part(depth), Part(depth)); break;
            case 23: schema["oneOf"] = new JsonArray(Part(depth), Part(depth)); break;
            case 24: schema["propertyNames"] = new JsonObject { ["pattern"] = OneOf(Patterns) }; break;
            default: schema["$ref"] = OneOf(["#/$defs/d", "#/$defs/e"]); break;
        }
    }

    private JsonNode? Part(int depth) => _random.Next(8) == 0 ? JsonValue.Create(_random.Next(2) == 0) : Schema(depth - 1);

    private string OneOf(string[] all) => all[_random.Next(all.Length)];
}
