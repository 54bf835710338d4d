using System.Globalization;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.StructuredOutput.JsonSchema;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using Xunit;

namespace AiPlatform.Tests.Grammars;

/// <summary>Schemas and grammars of many values: they work, or the refusal names the limit.</summary>
public sealed class LargeGrammarTests
{
    private const int Many = 20_000;

    public static TheoryData<string> NumberRanges =>
    [
        """{"type":"integer","multipleOf":7}""",
        """{"type":"integer","multipleOf":7,"minimum":-60,"maximum":130}""",
        """{"type":"integer","multipleOf":30,"exclusiveMinimum":-60,"exclusiveMaximum":90}""",
        """{"type":"integer","multipleOf":97,"minimum":98}""",
        """{"type":"integer","multipleOf":45,"minimum":-199.5,"maximum":-45.5}""",
        """{"type":"number","multipleOf":0.3,"minimum":-1.25,"maximum":2.65}""",
        """{"type":"number","multipleOf":0.7,"exclusiveMinimum":0.7,"maximum":12}""",
        """{"type":"number","multipleOf":2.5,"maximum":100}""",
        """{"type":"number","multipleOf":0.25,"exclusiveMinimum":-3,"exclusiveMaximum":0}""",
        """{"type":"number","multipleOf":1.1,"minimum":99.05,"maximum":110.01}""",
    ];

    [Theory]
    [InlineData("\"value-{0}\"")]
    [InlineData("{0}")]
    [InlineData("{{\"v\":[{0}]}}")]
    public void Enum_ManyValues_AreAccepted(string form)
    {
        var values = Enumerable.Range(0, Many).Select(i => string.Format(CultureInfo.InvariantCulture, form, i)).ToList();
        var sut = Grammar.OfJsonSchema($"{{\"enum\":[{string.Join(',', values)}]}}");

        Assert.All(values, text => Assert.True(sut.Accepts(text), text));
        Assert.False(sut.Accepts(string.Format(CultureInfo.InvariantCulture, form, Many)));
    }

    [Fact]
    public void Enum_ManyValuesInTwoPlaces_AreThoseInBoth()
    {
        var sut = Grammar.OfJsonSchema(
            $"{{\"allOf\":[{{\"enum\":[{Texts(0, Many)}]}},{{\"enum\":[{Texts(Many - 5_000, Many)}]}}],\"type\":\"string\"}}");

        Assert.True(sut.Accepts($"\"{Many - 5_000}\""));
        Assert.True(sut.Accepts($"\"{Many - 1}\""));
        Assert.False(sut.Accepts($"\"{Many - 5_001}\""));
        Assert.False(sut.Accepts($"\"{Many}\""));
    }

    [Fact]
    public void Enum_BesideManyBranchesOfConst_IsAccepted()
    {
        var branches = string.Join(',', Enumerable.Range(0, 4_000).Select(i => $"{{\"const\":\"{i}\"}}"));
        var sut = Grammar.OfJsonSchema($"{{\"enum\":[{Texts(1_000, 5_000)}],\"anyOf\":[{branches}]}}");

        Assert.True(sut.Accepts("\"1000\""));
        Assert.True(sut.Accepts("\"3999\""));
        Assert.False(sut.Accepts("\"999\""));
        Assert.False(sut.Accepts("\"4000\""));
    }

    [Fact]
    public void Enum_TooManyValues_AreRefusedWithTheLimit()
    {
        var refused = Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(
            $"{{\"enum\":[{Texts(0, 200_000)}]}}", GrammarLimits.Default with { MaxSourceBytes = 4 * 1024 * 1024 }));

        Assert.True(refused.IsOverBudget);
        Assert.Contains(GrammarLimits.Default.MaxSteps.ToString(CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
        Assert.Equal("enum", refused.Keyword);
    }

    [Theory]
    [InlineData("""{"enum":[1.0,2],"const":1}""", "1", "2")]
    [InlineData("""{"enum":[1,"1",null,"null"],"allOf":[{"enum":["1","null",10e-1]}]}""", "1 \"1\" \"null\"", "null")]
    [InlineData("""{"enum":[{"a":1,"b":[2]},{"a":1,"b":[3]}],"const":{"b":[2.0],"a":1.0}}""", """{"b":[2.0],"a":1.0}""", """{"a":1,"b":[3]}""")]
    [InlineData("""{"enum":[["a","b"],["a,b"],[["a"],"b"],["b"]],"allOf":[{"enum":[["a,b"],["b"]]}]}""", """["a,b"] ["b"]""", """["a","b"] [["a"],"b"]""")]
    [InlineData("""{"enum":["a","\ud800",["\ud800"]]}""", "\"a\"", "\"b\"")]
    public void Enum_EqualValues_AreTheSame(string schema, string fitting, string others)
    {
        var sut = Grammar.OfJsonSchema(schema);

        // A number of an integer's value is written as an integer.
        Assert.All(fitting.Replace(".0", "", StringComparison.Ordinal).Split(' '), text => Assert.True(sut.Accepts(text), text));
        Assert.All(others.Split(' '), text => Assert.False(sut.Accepts(text), text));
    }

    [Fact]
    public void Enum_NameWithHalfASurrogatePair_IsRefused() =>
        Assert.Contains(
            "half a surrogate pair",
            Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema("""{"enum":[{"\ud800":1}]}""")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"type":"integer","multipleOf":100000}""", "0 100000 -300000 12345600000", "1 100001 50000 -0")]
    [InlineData("""{"type":"integer","multipleOf":300000}""", "0 300000 900000", "100000 3")]
    [InlineData("""{"type":"integer","multipleOf":999983}""", "0 999983 -1999966", "999984 1")]
    [InlineData("""{"type":"integer","multipleOf":1000000}""", "0 1000000 7000000", "100000 1")]
    [InlineData("""{"type":"number","multipleOf":0.999983}""", "0 0.999983 -1.999966 999983 0.0", "1 0.5 0.9999830")]
    [InlineData("""{"type":"integer","multipleOf":999983,"minimum":1,"maximum":99999999999999999999}""", "999983 99999999999999508700", "0 99999999999999999999 -999983")]
    public void MultipleOf_LargeStep_AcceptsMultiplesOnly(string schema, string fitting, string others)
    {
        var sut = Grammar.OfJsonSchema(schema);

        Assert.All(fitting.Split(' '), text => Assert.True(sut.Accepts(text), text));
        Assert.All(others.Split(' '), text => Assert.False(sut.Accepts(text), text));
        Walks.Text(sut, new Random(1));
    }

    [Theory]
    [MemberData(nameof(NumberRanges))]
    public void MultipleOf_EachBeginning_IsAllowedIfANumberBeginsSo(string schema)
    {
        var keywords = JsonDocument.Parse(schema).RootElement;
        var step = keywords.GetProperty("multipleOf").GetDecimal();
        var isInteger = keywords.GetProperty("type").GetString() == "integer";
        var places = isInteger ? 0 : step.Scale;
        HashSet<string> numbers = new(StringComparer.Ordinal), beginnings = new(StringComparer.Ordinal);
        // Multiples of up to six digits before the point, so that each beginning of four characters has its numbers.
        for (var number = decimal.Floor(-999_999m / step) * step; number <= 999_999m; number += step)
        {
            if ((isInteger && number != decimal.Floor(number)) || !IsWithin(number, keywords)) continue;
            for (var written = 0; written <= places; written++)
                if (decimal.Round(number, written) == number) numbers.Add(number.ToString($"F{written}", CultureInfo.InvariantCulture));
        }

        foreach (var number in numbers)
            for (var length = 1; length <= number.Length; length++) beginnings.Add(number[..length]);
        var sut = Grammar.OfJsonSchema(schema);

        Look("", 4);

        void Look(string text, int left)
        {
            foreach (var next in "-.0123456789".Select(character => text + character))
            {
                // Zero may be written with a minus.
                var isZero = next.StartsWith('-') && next.All(character => character is '-' or '0' or '.');
                var state = sut.Step(sut.Start, Encoding.UTF8.GetBytes(next));
                if (!isZero) Assert.Equal((next, beginnings.Contains(next)), (next, state is not null));
                if (!isZero) Assert.Equal((next, numbers.Contains(next)), (next, sut.Accepts(next)));
                if (left > 1 && state is not null) Look(next, left - 1);
            }
        }
    }

    [Fact]
    public void MultipleOf_LargeStepBesideLongBounds_IsRefusedWithTheLimit()
    {
        var refused = Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(
            $"{{\"type\":\"integer\",\"multipleOf\":999983,\"maximum\":{new string('9', 120)}}}"));

        Assert.Equal("multipleOf", refused.Keyword);
        Assert.Contains("100000000", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"integer","multipleOf":999983,"minimum":1,"maximum":999982}""")]
    [InlineData("""{"type":"number","multipleOf":0.999983,"exclusiveMinimum":0,"exclusiveMaximum":0.999983}""")]
    public void MultipleOf_NoneWithinTheBounds_IsRefused(string schema) =>
        Assert.Contains(
            "No text fits", Assert.Throws<GrammarException>(() => Grammar.OfJsonSchema(schema)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("email")]
    [InlineData("idn-email")]
    public void Format_Email_HasADomainOfSeveralLabelsThatTheGatewayAccepts(string format)
    {
        var sut = Grammar.OfJsonSchema($"{{\"type\":\"string\",\"format\":\"{format}\"}}");
        var isValid = Formats.Find(format)!;

        for (var seed = 0; seed < 40; seed++)
        {
            var text = JsonSerializer.Deserialize<string>(Walks.Text(sut, new Random(seed)))!;
            Assert.True(isValid(text), text);
            Assert.Contains('.', text[text.LastIndexOf('@')..]);
        }
    }

    [Fact]
    public void OfRules_ManyTexts_AreAccepted()
    {
        var texts = string.Join(" | ", Enumerable.Range(0, 30_000).Select(i => $"\"w{i}\""));
        var sut = Grammar.OfRules($"start: \"<\" (\"\" | word | {texts}) \">\"\nword: /x+/");
        var matcher = new TokenMasks(sut, Vocabularies.Smollm2).Start();

        Assert.True(matcher.TryAccept("<"u8));
        Assert.NotEmpty(Walks.Allowed(matcher.Mask));
        Assert.All(new[] { "<w0>", "<w29999>", "<w2>", "<w22>", "<>", "<xx>" }, text => Assert.True(sut.Accepts(text), text));
        Assert.All(new[] { "<w30000>", "<w>", "<w01>", "<w1" }, text => Assert.False(sut.Accepts(text), text));
    }

    [Fact]
    public void Mask_TooManyAlternatives_IsRefusedAsTooLarge()
    {
        var sut = Grammar.OfRules("start: " + string.Join(" | ", Enumerable.Range(0, 25_000).Select(i => $"\"w{i}\" \"!\"")));
        var matcher = new TokenMasks(sut, Vocabularies.Smollm2).Start();

        var refused = Assert.Throws<GrammarException>(() => matcher.Mask.Length);

        Assert.Contains("too large", refused.Message, StringComparison.Ordinal);
        Assert.Contains("25000", refused.Message, StringComparison.Ordinal);
    }

    private static bool IsWithin(decimal number, JsonElement keywords) =>
        (Of(keywords, "minimum") is not { } least || number >= least) && (Of(keywords, "exclusiveMinimum") is not { } above || number > above)
            && (Of(keywords, "maximum") is not { } most || number <= most) && (Of(keywords, "exclusiveMaximum") is not { } below || number < below);

    private static decimal? Of(JsonElement keywords, string name) =>
        keywords.TryGetProperty(name, out var value) ? value.GetDecimal() : null;

    private static string Texts(int from, int to) => string.Join(',', Enumerable.Range(from, to - from).Select(i => $"\"{i}\""));
}
