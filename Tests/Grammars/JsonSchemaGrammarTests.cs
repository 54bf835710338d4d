using System.Text;
using System.Text.Json;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using Xunit;

namespace AiPlatform.Tests.Grammars;

public sealed class JsonSchemaGrammarTests
{
    /// <summary>The signs in the values of <c>unicode.json</c>.</summary>
    private static readonly int[] Literals = [.. "😀🎉👩‍👩‍👧".EnumerateRunes().Select(rune => rune.Value)];

    private static readonly Json.Schema.EvaluationOptions WithFormats = new() { RequireFormatValidation = true };

    public static TheoryData<string> ReferenceSchemas =>
        [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas"), "*.json")
            .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(ReferenceSchemas))]
    public void Walk_ReferenceSchema_GivesOnlyInstances(string name)
    {
        var schema = File.ReadAllText(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas", $"{name}.json"));
        var grammar = Grammar.OfJsonSchema(schema);
        var oracle = Json.Schema.JsonSchema.FromText(schema);

        for (var seed = 0; seed < 15; seed++) AssertFits(oracle, Walks.Text(grammar, new Random(seed)), schema);
    }

    [Theory]
    [MemberData(nameof(ReferenceSchemas))]
    public void Walk_ReferenceSchemaWithTokensOfModel_GivesOnlyInstances(string name)
    {
        var schema = File.ReadAllText(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas", $"{name}.json"));
        var masks = new TokenMasks(Grammar.OfJsonSchema(schema), Vocabularies.Smollm2);
        var oracle = Json.Schema.JsonSchema.FromText(schema);
        for (var seed = 0; seed < 3; seed++)
        {
            var (random, matcher, text) = (new Random(seed), masks.Start(), new List<byte>());
            for (var i = 0; i < 400; i++)
            {
                var allowed = Walks.Allowed(matcher.Mask);
                Assert.NotEmpty(allowed);
                // Half of the choices are of the first tokens, which are the short and frequent ones.
                var token = random.Next(2) == 0 ? allowed[random.Next(Math.Min(allowed.Count, 12))] : allowed[random.Next(allowed.Count)];
                if (token == 2)
                {
                    AssertFits(oracle, Encoding.UTF8.GetString([.. text]), schema);
                    break;
                }

                text.AddRange(Vocabularies.Smollm2.BytesOf(token));
                Assert.True(matcher.TryAccept(token));
            }
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceSchemas))]
    public void Walk_FlexibleWhitespace_GivesOnlyInstances(string name)
    {
        var schema = File.ReadAllText(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas", $"{name}.json"));
        var grammar = Grammar.OfJsonSchema(schema, flexibleWhitespace: true);
        var oracle = Json.Schema.JsonSchema.FromText(schema);

        for (var seed = 0; seed < 5; seed++) AssertFits(oracle, Walks.Text(grammar, new Random(seed)), schema);
    }

    [Theory]
    [InlineData("{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {}\n}")]
    [InlineData("{\"a\":1,\"b\":[1, 2],\"c\": {}}")]
    [InlineData("{ \"a\":1,\r\n\t\"b\":[],\"c\":{ } }")]
    public void Accepts_Whitespace_IfItIsFlexible(string text)
    {
        const string Schema = """
            {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"array","items":{"type":"integer"}},"c":{"maxProperties":0}}}
            """;

        Assert.True(Grammar.OfJsonSchema(Schema, flexibleWhitespace: true).Accepts(text));
        Assert.True(Grammar.OfRules($"start: %json {Schema}", flexibleWhitespace: true).Accepts(text));
        Assert.False(Grammar.OfJsonSchema(Schema).Accepts(text));
    }

    [Theory]
    [InlineData("{\"a\":  1}")]
    [InlineData("{\"a\" :1}")]
    [InlineData("{\n\n\"a\":1}")]
    [InlineData(" {\"a\":1}")]
    [InlineData("{\"a\":1} ")]
    public void Accepts_WhitespaceWithoutAnEnd_IsRefused(string text) =>
        Assert.False(Grammar.OfJsonSchema("""{"properties":{"a":{"type":"integer"}}}""", flexibleWhitespace: true).Accepts(text));

    [Theory]
    [InlineData("""{"type":"integer","minimum":-20,"maximum":-3}""", "-3 -20 -10 -9", "-2 -21 3 -0 0 -03 -3.0")]
    [InlineData("""{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":3}""", "1 2", "0 3 -1 10 01 1.0")]
    [InlineData("""{"type":"integer","multipleOf":5,"minimum":0,"maximum":100}""", "0 5 55 100", "1 105 50.0 -5")]
    [InlineData("""{"type":"integer","minimum":1.5,"maximum":12}""", "2 9 10 11 12", "1 13 120")]
    [InlineData("""{"type":"integer"}""", "0 -1 123456789012345678901234567890", "-0 1.0 01 1e3")]
    [InlineData("""{"type":"number","minimum":-1,"maximum":1}""", "-1 1 0 0.5 -0.999 1.0 -1.00", "1.01 -1.001 2 10 1e0")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.1}""", "0.05 0.099 0.0001", "0 0.0 0.1 0.10 0.11 1")]
    [InlineData("""{"type":"number","multipleOf":0.01,"minimum":0,"maximum":100}""", "0 100 99.99 1.5 0.01 100.00", "0.001 100.01 101")]
    [InlineData("""{"type":"number","multipleOf":2.5}""", "0 2.5 5 -7.5 10.0", "1 2 2.0 3.5")]
    [InlineData("""{"type":"number"}""", "0 -0.5 1e9 1.5E-3 12.25", "01 .5 1. +1 1e NaN")]
    [InlineData("""{"type":"integer","multipleOf":0.5,"maximum":2,"minimum":0}""", "0 1 2", "3 0.5")]
    [InlineData("""{"type":"number","maximum":-5.25}""", "-5.25 -6 -5.3 -100", "-5.2 -5 0 5")]
    [InlineData("""{"type":"number","minimum":10}""", "10 10.0 11 100 1000.5", "9.9 1 -10 0")]
    public void Accepts_Numbers_AreThoseOfTheBounds(string schema, string fitting, string others)
    {
        var sut = Grammar.OfJsonSchema(schema);

        Assert.All(fitting.Split(' '), number => Assert.True(sut.Accepts(number), number));
        Assert.All(others.Split(' '), number => Assert.False(sut.Accepts(number), number));
    }

    [Theory]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"ab\" \"abc\" \"日本\" \"😀a\" \"\\n\\u00e9\" \"\\ud83d\\ude00x\"", "\"a\" \"abcd\" \"\\ud83d\\ude00\" \"\\ud83dab\" \"\\ude00a\" \"\\x1\"")]
    [InlineData("""{"type":"string","pattern":"^[a-z]{1,3}$"}""", "\"a\" \"abc\"", "\"\" \"abcd\" \"A\" \"a")]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"b\" \"abc\" \"\\nb\" \"日b\"", "\"\" \"ac\"")]
    [InlineData("""{"type":"string","pattern":"^a|b$"}""", "\"axx\" \"xxb\"", "\"xax\"")]
    [InlineData("""{"type":"string","pattern":"^\\-\\/[\\-.]$"}""", "\"-/-\" \"-/.\"", "\"\\-/-\" \"-/x\"")]
    [InlineData("""{"type":"string","pattern":"\\bcat\\b"}""", "\"a-cat.\" \"cat\"", "\"cats\" \"concat\"")]
    [InlineData("""{"type":"string","pattern":"^[^x]*$","maxLength":2}""", "\"\" \"ab\" \"\\\"\\\\\" \"\\u0001\\n\"", "\"x\" \"abc\" \"\\u000a\"")]
    [InlineData("""{"type":"string","pattern":"^\\p{Lu}é$"}""", "\"Éé\" \"Aé\" \"Жé\"", "\"aé\" \"Ae\"")]
    [InlineData("""{"type":"string","allOf":[{"pattern":"^a"},{"pattern":"z$"},{"minLength":3}]}""", "\"abz\" \"aaaz\"", "\"az\" \"abc\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-29\" \"2026-11-28\" \"2000-02-29\"", "\"2023-02-29\" \"1900-02-29\" \"2026-13-01\" \"0000-01-01\" \"2026-04-31\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2026-11-28T23:05:00Z\" \"2026-11-28T23:05:00.123+01:00\"", "\"2026-11-28\" \"2026-11-28T24:00:00Z\" \"2026-11-28T23:05Z\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"127.0.0.1\" \"255.255.255.255\"", "\"256.0.0.1\" \"1.2.3\" \"01.2.3.4\"")]
    [InlineData("""{"type":"string","format":"ipv6"}""", "\"::1\" \"2001:db8::ff00:42:8329\" \"1:2:3:4:5:6:7:8\" \"::\"", "\"1:2:3\" \"1::2::3\" \":::\" \"1:2:3:4:5:6:7:8:9\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"123e4567e89b12d3a456426614174000\"")]
    [InlineData("""{"type":"string","format":"email"}""", "\"joe.bloggs@example.com\"", "\"joe@\" \"@x.y\" \"a..b@c.d\" \"joe@localhost\"")]
    [InlineData("""{"type":"string","format":"uri"}""", "\"https://example.com/a?b=c#d\"", "\"//example.com\" \"https://\"")]
    [InlineData("""{"type":"string","format":"hostname"}""", "\"example.com\" \"a-b.c\"", "\"-a\" \"a..b\" \"a-\"")]
    [InlineData("""{"type":"string","format":"duration"}""", "\"P1Y2M3DT4H\" \"PT5M\" \"P2W\"", "\"P\" \"P1H\" \"PT\"")]
    [InlineData("""{"type":"string","format":"time"}""", "\"08:30:06Z\" \"08:30:06.28-07:00\"", "\"08:30:06\" \"24:00:00Z\"")]
    public void Accepts_Strings_AreThoseOfTheKeywords(string schema, string fitting, string others)
    {
        var sut = Grammar.OfJsonSchema(schema);

        Assert.All(fitting.Split(' '), text => Assert.True(sut.Accepts(text), text));
        Assert.All(others.Split(' '), text => Assert.False(sut.Accepts(text), text));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},"required":["b"],"additionalProperties":false}""", """{"a":null,"b":null} {"b":null}""", """{} {"a":null} {"b":null,"a":null} {"b":null,"c":null} {,"b":null}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"}},"required":["z"],"additionalProperties":{"const":1}}""", """{"z":1} {"a":null,"z":1,"y":1}""", """{"a":null} {"z":2} {"a":1,"z":1}""")]
    [InlineData("""{"type":"object","patternProperties":{"^k":{"const":1},"x$":{"enum":[1,2]}},"additionalProperties":{"const":3}}""", """{"k":1,"x":2,"kx":1,"a":3} {}""", """{"kx":2} {"k":3} {"a":1}""")]
    [InlineData("""{"type":"object","properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"minProperties":2,"maxProperties":2}""", """{"a":1,"b":{}} {"b":[],"c":""} {"a":1,"c":2}""", """{} {"a":1} {"a":1,"b":2,"c":3}""")]
    [InlineData("""{"type":"object","propertyNames":{"maxLength":2},"maxProperties":1}""", """{} {"ab":1}""", """{"abc":1} {"a":1,"b":2}""")]
    [InlineData("""{"type":"array","prefixItems":[{"const":1},{"const":2}],"items":{"const":3},"minItems":1}""", "[1] [1,2] [1,2,3,3,3]", "[] [2] [1,2,2] [1,]")]
    [InlineData("""{"type":"array","prefixItems":[{"const":1}],"items":false}""", "[] [1]", "[1,1] [2]")]
    [InlineData("""{"type":"array","items":{"type":"array","items":{"$ref":"#"},"maxItems":1},"maxItems":2}""", "[] [[]] [[],[[]]]", "[[],[],[]] [[[],[]]] [1]")]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"k":{"const":"a"}},"required":["k"]},{"type":"object","properties":{"k":{"const":"b"},"n":{"type":"null"}},"required":["k","n"],"additionalProperties":false}]}""", """{"k":"a"} {"k":"b","n":null} {"k":"a","x":1}""", """{"k":"b"} {"k":"c"} 1""")]
    [InlineData("""{"allOf":[{"properties":{"a":{"minimum":1}}},{"properties":{"a":{"type":"integer","maximum":3}},"required":["a"]}],"type":"object"}""", """{"a":1} {"a":3} {"a":2,"b":[]}""", """{"a":0} {"a":4} {}""")]
    [InlineData("""{"not":{"type":["object","array","string","number"]}}""", "null true false", "1 {} []")]
    [InlineData("""{"$defs":{"n":{"type":["object","null"],"properties":{"next":{"$ref":"#n"}},"required":["next"],"additionalProperties":false,"$anchor":"n"}},"$ref":"#/$defs/n"}""", """null {"next":null} {"next":{"next":null}}""", """{} {"next":1}""")]
    [InlineData("""{"enum":["a",1,{"b":[1,2],"c":null}],"type":["string","object"]}""", "\"a\" {\"b\":[1,2],\"c\":null}", """1 "b" {"b":[1,2]}""")]
    [InlineData("""{"if":true,"then":{"const":1},"else":{"const":2}}""", "1", "2 3")]
    [InlineData("""{"type":"object","properties":{"a":false,"b":{"const":1}},"additionalProperties":false}""", """{} {"b":1}""", """{"a":1}""")]
    public void Accepts_Values_AreThoseOfTheSchema(string schema, string fitting, string others)
    {
        var sut = Grammar.OfJsonSchema(schema);

        Assert.All(fitting.Split(' '), text => Assert.True(sut.Accepts(text), text));
        Assert.All(others.Split(' '), text => Assert.False(sut.Accepts(text), text));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"not":{"required":["x"]}}},"required":["a"]}""", "not", "#/properties/a")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "uniqueItems", "#")]
    [InlineData("""{"type":"array","contains":{"type":"null"}}""", "contains", "#")]
    [InlineData("""{"type":"object","dependentRequired":{"a":["b"]}}""", "dependentRequired", "#")]
    [InlineData("""{"if":{"type":"null"},"then":{"const":null}}""", "if", "#")]
    [InlineData("""{"unevaluatedProperties":false}""", "unevaluatedProperties", "#")]
    [InlineData("""{"$ref":"https://example.com/schema"}""", "$ref", "#")]
    [InlineData("""{"$ref":"#/$defs/nothing"}""", "$ref", "#")]
    [InlineData("""{"type":"string","pattern":"^(?=a)b"}""", "pattern", "#")]
    [InlineData("""{"type":"string","pattern":"("}""", "pattern", "#")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "pattern", "#")]
    [InlineData("""{"items":{"oneOf":[{"type":"integer"},{"type":"number"}]}}""", "oneOf", "#/items")]
    [InlineData("""{"type":"text"}""", "type", "#")]
    [InlineData("""{"minimum":"1"}""", "minimum", "#")]
    [InlineData("""{"type":"number","multipleOf":0}""", "multipleOf", "#")]
    [InlineData("""{"type":"number","multipleOf":0.123456789}""", "multipleOf", "#")]
    [InlineData("""{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$ref":"#/$defs/a"}""", "$ref", "#/$defs/a")]
    [InlineData("""{"type":"string","format":"regex"}""", "format", "#")]
    [InlineData("""{"properties":{"a":1},"type":"object"}""", null, "#/properties/a")]
    public void OfJsonSchema_WhatCannotBeGuaranteed_IsRefusedByName(string schema, string? keyword, string pointer)
    {
        var refused = Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(schema));

        Assert.Equal((keyword, pointer), (refused.Keyword, refused.Pointer));
        Assert.NotEmpty(refused.Message);
    }

    [Theory]
    [InlineData("false")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""")]
    [InlineData("""{"type":"string","pattern":"^a$","minLength":2}""")]
    [InlineData("""{"allOf":[{"type":"string"},{"type":"null"}]}""")]
    [InlineData("""{"type":"object","properties":{"a":false},"required":["a"]}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""")]
    [InlineData("""{"enum":[]}""")]
    [InlineData("""{"enum":[1,2],"minimum":3}""")]
    [InlineData("""{"type":"array","items":false,"minItems":1}""")]
    [InlineData("""{"type":"number","exclusiveMinimum":1,"exclusiveMaximum":1}""")]
    [InlineData("""{"type":"object","required":["a","b"],"maxProperties":1}""")]
    [InlineData("""{"type":"object","additionalProperties":false,"minProperties":1}""")]
    public void OfJsonSchema_SchemaOfNoValue_IsRefused(string schema)
    {
        var refused = Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(schema));

        Assert.StartsWith("No text fits", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"object","required":["a"],"properties":{"a":{"type":"integer","minimum":2,"maximum":1}}}""", "minimum", "#/properties/a")]
    [InlineData("""{"type":"object","required":["a"],"properties":{"b":false,"a":{"type":"string","pattern":"^a$","maxLength":0}}}""", "maxLength", "#/properties/a")]
    [InlineData("""{"type":"array","minItems":1,"items":{"allOf":[{"type":"string"},{"type":"null"}]}}""", "allOf", "#/items")]
    [InlineData("""{"type":"array","prefixItems":[{},{"not":{}}],"minItems":2}""", "not", "#/prefixItems/1")]
    [InlineData("""{"type":"array","minItems":2,"maxItems":1}""", "minItems", "#")]
    [InlineData("""{"type":"object","required":["a"],"properties":{"a":false}}""", null, "#/properties/a")]
    [InlineData("""{"type":"object","required":["ab"],"propertyNames":{"maxLength":1}}""", "propertyNames", "#")]
    [InlineData("""{"type":"object","required":["a","b"],"maxProperties":1}""", "maxProperties", "#")]
    [InlineData("""{"$ref":"#/$defs/s","$defs":{"s":{"enum":[1,2],"type":"string"}}}""", "enum", "#/$defs/s")]
    [InlineData("""{"type":"array","minItems":1,"items":{"$ref":"#"}}""", "$ref", "#/items")]
    public void OfJsonSchema_SchemaOfNoValue_IsRefusedWithKeywordAndPlace(string schema, string? keyword, string pointer)
    {
        var refused = Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(schema));

        Assert.Equal((keyword, pointer), (refused.Keyword, refused.Pointer));
        Assert.Contains(pointer, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","pattern":"(a|b)*a(a|b){12}$"}}}""", "pattern", "#/properties/a")]
    [InlineData("""{"type":"object","properties":{"a":{"allOf":[ANY,ANY,ANY]}}}""", null, "#/properties/a")]
    public void OfJsonSchema_TooMuchWork_IsRefusedWithKeywordAndPlace(string schema, string? keyword, string pointer)
    {
        schema = schema.Replace("ANY", """{"anyOf":[{"minimum":1},{"minimum":2},{"minimum":3},{"minimum":4}]}""", StringComparison.Ordinal);

        var refused = Assert.Throws<GrammarException>(
            () => Grammar.OfJsonSchema(schema, GrammarLimits.Default with { MaxSteps = 4_000 }));

        Assert.Equal((true, keyword, pointer), (refused.IsOverBudget, refused.Keyword, refused.Pointer));
        Assert.Contains(pointer, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Walk_AnyJsonObject_NestsNoDeeperThanReadersAccept()
    {
        var masks = new TokenMasks(Grammar.OfJsonObject(), Vocabularies.Bytes);
        var sut = masks.Start();
        Assert.True(sut.TryAccept("""{"a":"""u8));
        for (var depth = 0; sut.TryAccept("["u8); depth++) Assert.True(depth < 64);

        var text = new StringBuilder("{\"a\":");
        while (text.Length < 5 + 63) text.Append('[');
        for (var i = 0; i < 1_000 && !sut.AcceptsEnd; i++)
        {
            var ending = Walks.Allowed(sut.Mask).Contains(']') ? "]" : "}";
            Assert.True(sut.TryAccept(Encoding.UTF8.GetBytes(ending)));
            text.Append(ending);
        }

        Assert.True(sut.AcceptsEnd);
        JsonDocument.Parse(text.ToString()).Dispose();
    }

    private static void AssertFits(Json.Schema.JsonSchema oracle, string text, string schema)
    {
        // The oracle counts a letter with its combining marks as one character, JSON Schema counts code points.
        text = string.Concat(text.EnumerateRunes().Select(rune => IsCombined(rune) ? "x" : rune.ToString()));
        JsonDocument parsed;
        try
        {
            parsed = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException failure)
        {
            Assert.Fail($"{failure.Message} {text}");
            return;
        }

        using (parsed) Assert.True(oracle.Evaluate(parsed.RootElement, WithFormats).IsValid, $"{text}\n{schema}");
    }

    private static bool IsCombined(Rune rune) =>
        !rune.IsAscii && !Rune.IsLetterOrDigit(rune) && rune.Value is not (>= 0x2000 and <= 0x2BFF) && !Literals.Contains(rune.Value);
}
