using System.Text;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using Xunit;

namespace AiPlatform.Tests.Grammars;

/// <summary>Schemas and grammars that want to take minutes or gigabytes: each ends with an error, or with a grammar that works.</summary>
public sealed class HostileGrammarTests
{
    private static readonly GrammarLimits Large = GrammarLimits.Default with { MaxSourceBytes = 4 * 1024 * 1024 };

    public static TheoryData<string> Schemas => [.. All.Keys];

    internal static Dictionary<string, Func<string>> All => new()
    {
        ["a megabyte of properties"] = () => Object(Enumerable.Range(0, 50_000).Select(i => $"\"p{i}\":{{\"type\":\"null\"}}")),
        ["a megabyte of properties that must occur"] = () =>
            $"{{\"type\":\"object\",\"required\":[{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"p{i}\""))}]}}",
        ["10,000 levels"] = () =>
            string.Concat(Enumerable.Repeat("{\"type\":\"array\",\"items\":", 10_000)) + "{}" + new string('}', 10_000),
        ["10,000 references in a row"] = () =>
            $"{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"d{i}\":{{\"$ref\":\"#/$defs/d{i + 1}\"}}"))},\"d10000\":{{}}}}}}",
        ["10,000 levels by references"] = () =>
            $"{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"d{i}\":{{\"type\":\"array\",\"minItems\":1,\"items\":{{\"$ref\":\"#/$defs/d{i + 1}\"}}}}"))},\"d10000\":{{}}}}}}",
        ["a reference to itself"] = () => """{"$ref":"#"}""",
        ["a cycle of anyOf"] = () => """{"anyOf":[{"$ref":"#"},{"type":"null"}]}""",
        ["100,000 values"] = () => $"{{\"enum\":[{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"value-{i}\""))}]}}",
        ["100,000 values in objects"] = () => $"{{\"enum\":[{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"{{\"v\":{i}}}"))}]}}",
        ["an exponential pattern"] = () => """{"type":"string","pattern":"(a|b)*a(a|b){30}$"}""",
        ["a pattern of many states"] = () => """{"type":"string","pattern":"^((a{100}){100}){100}$"}""",
        ["a pattern of many states in the limit"] = () => """{"type":"string","pattern":"(x+x+)+y.{0,9000}z"}""",
        ["many patterns at once"] = () =>
            $"{{\"type\":\"string\",\"allOf\":[{string.Join(',', Enumerable.Range(0, 30).Select(i => $"{{\"pattern\":\"{(char)('a' + (i % 26))}.{{0,9}}{i}\"}}"))}]}}",
        ["a pattern of many classes"] = () => $"{{\"type\":\"string\",\"pattern\":\"{string.Concat(Enumerable.Repeat("\\\\p{L}\\\\P{Lu}", 700))}\"}}",
        ["an exponential anyOf"] = () =>
            $"{{\"allOf\":[{string.Join(',', Enumerable.Range(0, 30).Select(i => $"{{\"anyOf\":[{{\"minimum\":{i}}},{{\"maxLength\":{i}}}]}}"))}]}}",
        ["an exponential allOf of properties"] = () =>
            $"{{\"$defs\":{{{string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"d{i}\":{{\"properties\":{{\"a\":{{\"$ref\":\"#/$defs/d{(i * 7 % 40)}\"}}}},\"anyOf\":[{{\"properties\":{{\"a\":{{\"$ref\":\"#/$defs/d{(i + 1) % 40}\"}}}}}},{{\"properties\":{{\"a\":{{\"$ref\":\"#/$defs/d{(i + 3) % 40}\"}}}}}}]}}"))}}},\"$ref\":\"#/$defs/d1\"}}",
        ["a oneOf of 2,000 branches"] = () => $"{{\"oneOf\":[{string.Join(',', Enumerable.Range(0, 2_000).Select(i => $"{{\"const\":{i}}}"))}]}}",
        ["large bounds"] = () => """{"type":"array","minItems":1000000000,"items":{"type":"string","minLength":1000000000}}""",
        ["a long maxItems"] = () => """{"type":"array","maxItems":9999,"items":{"type":"array","maxItems":9999,"items":{"type":"array","maxItems":9999}}}""",
        ["numbers of many digits"] = () => $"{{\"type\":\"number\",\"minimum\":{new string('9', 5_000)}}}",
        ["a number of a large exponent"] = () => """{"type":"number","minimum":1e-999999999,"maximum":1e999999999,"multipleOf":1e-300}""",
        ["a multipleOf of many rests"] = () => """{"type":"integer","multipleOf":999983,"minimum":0,"maximum":99999999999999999999}""",
        ["many properties of a limited number"] = () =>
            $"{{\"type\":\"object\",\"minProperties\":500,\"maxProperties\":900,\"properties\":{{{string.Join(',', Enumerable.Range(0, 1_000).Select(i => $"\"p{i}\":{{}}"))}}}}}",
        ["an ambiguous recursion"] = () =>
            """{"$defs":{"n":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/n"}},{"type":"array","items":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"integer"}]}},{"type":"array","prefixItems":[{"$ref":"#/$defs/n"}]}]}},"$ref":"#/$defs/n"}""",
    };

    [Theory]
    [MemberData(nameof(Schemas))]
    public void OfJsonSchema_HostileSchema_IsRefusedOrWorks(string name)
    {
        var schema = All[name]();
        Grammar sut;
        try
        {
            sut = Grammar.OfJsonSchema(schema, Large);
        }
        catch (GrammarException refused)
        {
            Assert.NotEmpty(refused.Message);
            Assert.InRange(refused.Message.Length, 1, 1_000);
            return;
        }

        AssertWorks(sut);
    }

    [Fact]
    public void OfJsonSchema_MegabyteByDefault_IsRefused() =>
        Assert.Contains("bytes", Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(new string(' ', 1_000_000) + "{}")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("start: start \"a\" | \"b\"", "'start' calls itself")]
    [InlineData("start: x \"a\"\nx: \"y\"? start", "calls itself")]
    [InlineData("start: x", "no rule 'x'")]
    [InlineData("x: \"a\"", "no rule 'start'")]
    [InlineData("start: \"a\n\"", "has no end")]
    [InlineData("start: \"a\" \"(\" start \")\"", "No text fits")]
    [InlineData("start: \"a\" ~ 2000", "at most 1000")]
    [InlineData("start: (\"a\"", "')' is missing")]
    [InlineData("start: /(/", "invalid")]
    [InlineData("start: /a(?=b)/", "look-around")]
    [InlineData("start: \"a\" }", "not expected")]
    [InlineData("%ignore \" \"\nstart: \"a\"", "not supported")]
    [InlineData("start: \"a\"\nstart: \"b\"", "twice")]
    [InlineData("start: \"b\"..\"a\"", "in order")]
    public void OfRules_WhatIsNoGrammar_IsRefused(string rules, string message) =>
        Assert.Contains(message, Assert.Throws<GrammarException>(() => Grammar.OfRules(rules)).Message, StringComparison.Ordinal);

    [Fact]
    public void OfRules_DeepGroups_AreRefused() =>
        Assert.Throws<GrammarException>(() => Grammar.OfRules("start: " + new string('(', 100_000)));

    [Fact]
    public void OfRules_RepetitionsOfRepetitions_AreRefused() =>
        Assert.True(Assert.Throws<GrammarException>(() => Grammar.OfRules("start: (((\"a\" ~ 900) ~ 900) ~ 900) ~ 900")).IsOverBudget);

    [Theory]
    [InlineData("^[a-c]{2}$", "ab cc", "a abc dd")]
    [InlineData("a|bc*", "a b bccc", "ab c")]
    [InlineData("\\d{3}-\\d{4}", "555-1234", "5555-1234 x555-1234")]
    [InlineData("日本?", "日 日本", "本")]
    public void OfRegex_Texts_AreMatchedAsAWhole(string pattern, string fitting, string others)
    {
        var sut = Grammar.OfRegex(pattern);

        Assert.All(fitting.Split(' '), text => Assert.True(sut.Accepts(text), text));
        Assert.All(others.Split(' '), text => Assert.False(sut.Accepts(text), text));
    }

    [Theory]
    [InlineData("start: \"(\" start? \")\" | \"x\" ~ 2..3", "() (()) xx (xxx)", "x xxxx ( (x)")]
    [InlineData("# numbers\nstart: num (\",\" num)* // list\nnum: \"-\"? /[0-9]+/\n", "1 -2,3", "1, a")]
    [InlineData("start: [\"a\"..\"c\"] END\nEND: \"!\"+", "a! !! c!!", "d! a")]
    [InlineData("start: \"<\" a (\"|\" a)? \">\"\na: %json {\"enum\":[1,\"}\\\"{\"]} | %json\n{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}\n", "<1> <\"}\\\"{\"|[[],[]]>", "<2> 1 <[1]>")]
    public void OfRules_Texts_AreThoseOfTheRules(string rules, string fitting, string others)
    {
        var sut = Grammar.OfRules(rules);

        Assert.All(fitting.Split(' '), text => Assert.True(sut.Accepts(text), text));
        Assert.All(others.Split(' '), text => Assert.False(sut.Accepts(text), text));
    }

    [Fact]
    public void OfRules_RecursionFromTheRight_HasNoDepth()
    {
        var sut = Grammar.OfRules("start: \"a\" start | \"b\"");

        Assert.True(sut.Accepts(new string('a', 100_000) + "b"));
    }

    private static void AssertWorks(Grammar sut)
    {
        var matcher = new TokenMasks(sut, Vocabularies.Smollm2).Start();
        var random = new Random(3);
        for (var i = 0; i < 8; i++)
        {
            var allowed = Walks.Allowed(matcher.Mask);
            Assert.NotEmpty(allowed);
            var token = allowed[random.Next(allowed.Count)];
            if (token == 2) return;
            Assert.True(matcher.TryAccept(token), Encoding.UTF8.GetString(Vocabularies.Smollm2.BytesOf(token)));
        }
    }

    private static string Object(IEnumerable<string> properties) =>
        $"{{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{{{string.Join(',', properties)}}}}}";
}
