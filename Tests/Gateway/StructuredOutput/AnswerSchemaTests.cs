using System.Text;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Tests.Fixtures;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

public sealed class AnswerSchemaTests
{
    private const string Review = """
        {"type":"object","required":["summary","tags"],"additionalProperties":false,"properties":{
          "summary":{"type":"string","minLength":1,"maxLength":5},
          "tags":{"type":"array","maxItems":2,"uniqueItems":true,"items":{"type":"string","pattern":"^[a-z]+$"}},
          "score":{"anyOf":[{"type":"null"},{"type":"object","required":["value"],"properties":{"value":{"type":"number","minimum":0}}}]}}}
        """;

    [Theory]
    [InlineData("""{"summary":"ok","tags":[]}""")]
    [InlineData("""{"summary":"ok","tags":["a","b"],"score":null}""")]
    [InlineData("""{"summary":"🐲🐲🐲🐲🐲","tags":[],"score":{"value":0.0}}""")]
    public void Check_Fits_FindsNothing(string answer) => Assert.Empty(CreateSut(Review).Check(answer));

    [Theory]
    [InlineData("""{"summary":"","tags":[]}""", "/summary: must have at least 1 characters, is \"\"")]
    [InlineData("""{"tags":[]}""", "the answer must have the property 'summary'")]
    [InlineData("""{"summary":"a","tags":[],"mood":1}""", "the answer must not have the property 'mood'")]
    [InlineData("""{"summary":"a","tags":["a","B"]}""", "/tags/1: must match the pattern ^[a-z]+$, is \"B\"")]
    [InlineData("""{"summary":"a","tags":["a","a"]}""", "/tags: must have no item twice, has \"a\" twice")]
    [InlineData("""{"summary":"a","tags":12}""", "/tags: must be an array, is 12")]
    [InlineData("""{"summary":"a","tags":[],"score":{"value":-1}}""", "/score/value: must be at least 0, is -1")]
    [InlineData("""{"summary":"a","tags":[],"score":3}""", "/score: must fit one of 2 forms: it must be null, is 3, or must be an object, is 3")]
    [InlineData("[]", "the answer must be an object, is an array")]
    public void Check_DoesNotFit_SaysWhereAndWhat(string answer, string violation) =>
        Assert.Equal([violation], CreateSut(Review).Check(answer).Select(one => $"{one}"));

    [Theory]
    [InlineData("")]
    [InlineData("not JSON")]
    [InlineData("```json\n{}\n```")]
    [InlineData("{\"a\":")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("NaN")]
    [InlineData("{} {}")]
    public void Check_NoJson_SaysSo(string answer) =>
        Assert.StartsWith("the answer is not JSON: ", $"{Assert.Single(CreateSut("{}").Check(answer))}", StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"type":"string","minLength":2}""", "\"\\ud800\"")]
    [InlineData("""{"additionalProperties":{"enum":[1]}}""", "{\"\\udc00\":2}")]
    public void Check_HalfASurrogatePair_IsSaidAndNotThrown(string schema, string answer) =>
        Assert.NotEmpty(CreateSut(schema).Check(answer));

    [Fact]
    public void Check_MuchIsWrong_NamesTwenty() =>
        Assert.Equal(20, CreateSut("""{"items":{"type":"string"}}""").Check($"[{string.Join(',', Enumerable.Range(0, 1_000))}]").Count);

    [Fact]
    public void Check_DeepAnswer_IsNotJsonAndDoesNotEndTheProcess() =>
        Assert.NotEmpty(CreateSut("""{"items":{"$ref":"#"}}""").Check(new string('[', 100_000) + new string(']', 100_000)));

    [Theory]
    [InlineData("^(a+)+$")]
    [InlineData("^(a|aa)+$")]
    [InlineData("^(.*a){12}$")]
    public void Check_HostilePattern_TakesLinearTime(string pattern)
    {
        var sut = CreateSut($$"""{"pattern":"{{pattern}}"}""");

        // A backtracking matcher would take longer than the age of the universe.
        Assert.NotEmpty(sut.Check($"\"{new string('a', 50_000)}!\""));
    }

    [Fact]
    public void Check_BranchesThatBranch_GivesUpInsteadOfTakingYears()
    {
        var schemas = Enumerable.Range(0, 40).Select(i => $$"""
            "s{{i}}":{"allOf":[{"anyOf":[{"$ref":"#/$defs/s{{i + 1}}"},{"$ref":"#/$defs/s{{i + 1}}"}]}]}
            """);
        var sut = CreateSut($$$"""{"$ref":"#/$defs/s0","$defs":{{{{string.Join(',', schemas)}}},"s40":{"type":"string"} } }""");

        Assert.Contains("steps", Assert.Throws<StepsSpentException>(() => sut.Check("1")).Message, StringComparison.Ordinal);
        Assert.Empty(sut.Check("\"fits\""));
    }

    [Fact]
    public void Check_LongChainOfReferences_DoesNotEndTheProcess()
    {
        var chain = Enumerable.Range(0, 9_000).Select(i => $$"""
            "s{{i}}":{"$ref":"#/$defs/s{{i + 1}}"}
            """);
        var sut = CreateSut($$$"""{"$ref":"#/$defs/s0","$defs":{{{{string.Join(',', chain)}}},"s9000":{"type":"string"} } }""");

        // The stack's size depends on the thread.
        Assert.True(Record.Exception(() => Assert.NotEmpty(sut.Check("1"))) is null or StepsSpentException);
    }

    [Theory]
    [InlineData("""{"type":"nothing"}""", "$.type must be one or more of")]
    [InlineData("""{"properties":{"a":{"minLength":-1}}}""", "$.properties.a.minLength must be a whole number")]
    [InlineData("""{"properties":{"a":3}}""", "$.properties must be a schema")]
    [InlineData("""{"required":"a"}""", "$.required must be an array of strings")]
    [InlineData("""{"pattern":"("}""", "$.pattern has the pattern '(', which is wrong")]
    [InlineData("""{"pattern":"(?=a)b"}""", "linear time")]
    [InlineData("""{"pattern":"(a)\\1"}""", "linear time")]
    [InlineData("""{"pattern":"((a{500}){500}){500}"}""", "linear time")]
    [InlineData("""{"unevaluatedProperties":false}""", "additionalProperties")]
    [InlineData("""{"items":[{}]}""", "must be a schema")]
    [InlineData("""{"$ref":"#"}""", "refers to itself")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}""", null)]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}""", "refers to itself")]
    [InlineData("""{"$ref":"https://example.com/schema"}""", "nothing is fetched")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "not in the schema")]
    [InlineData("""{"a":1,"a":2}""", "not JSON")]
    [InlineData("""{"$id":"#here"}""", "$anchor")]
    [InlineData("[]", "must be a schema")]
    [InlineData("null", "must be an object")]
    [InlineData("{", "not JSON")]
    [InlineData("""{"enum":["\ud800"]}""", "Unicode")]
    public void TryCompile_NoSchemaThatCanBeChecked_IsRefusedWithTheReason(string schema, string? reason)
    {
        var compiles = AnswerSchema.TryCompile(Encoding.UTF8.GetBytes(schema), assertFormats: false, out _, out var error);

        Assert.Equal(reason is null, compiles);
        if (reason is not null) Assert.Contains(reason, error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryCompile_TooLargeOrTooDeep_IsRefused()
    {
        var large = $$"""{"description":"{{new string('x', 600 * 1024)}}"}""";
        var deep = string.Concat(Enumerable.Repeat("{\"not\":", 1_000)) + "{}" + new string('}', 1_000);
        var wide = $$"""{"allOf":[{{string.Join(',', Enumerable.Repeat("{}", 10_001))}}]}""";

        foreach (var schema in (string[])[large, deep, wide])
            Assert.False(AnswerSchema.TryCompile(Encoding.UTF8.GetBytes(schema), assertFormats: false, out _, out _));
    }

    [Theory]
    [InlineData("date-time", "2026-11-25T12:00:00.5+01:00", "2026-02-30T12:00:00Z")]
    [InlineData("date-time", "1998-12-31T23:59:60Z", "1998-12-31T22:59:60Z")]
    [InlineData("date", "2024-02-29", "2023-02-29")]
    [InlineData("time", "08:30:06Z", "24:00:00Z")]
    [InlineData("duration", "P4DT12H30M5S", "PT")]
    [InlineData("email", "joe.bloggs@example.com", "joe@@example.com")]
    [InlineData("idn-email", "실례@실례.테스트", "2962")]
    [InlineData("hostname", "www.example.com", "-bad-.example")]
    [InlineData("ipv4", "192.168.0.1", "256.1.1.1")]
    [InlineData("ipv6", "::1", "12345::")]
    [InlineData("uri", "https://example.com/a?b#c", "/relative")]
    [InlineData("uri-reference", "../a", "\\\\a")]
    [InlineData("iri", "http://ƒøø.ßår/?∂éœ", "/abc")]
    [InlineData("iri-reference", "#ƒrägmênt", "a b")]
    [InlineData("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380")]
    [InlineData("json-pointer", "/a~1b/0", "a")]
    [InlineData("relative-json-pointer", "1/a", "-1")]
    [InlineData("regex", "^[a-z]+$", "^(abc")]
    public void Format_WhenAsserted_IsChecked(string format, string good, string bad)
    {
        var schema = Encoding.UTF8.GetBytes($$"""{"format":"{{format}}"}""");
        Assert.True(AnswerSchema.TryCompile(schema, assertFormats: true, out var asserts, out _));
        Assert.True(AnswerSchema.TryCompile(schema, assertFormats: false, out var remarks, out _));

        Assert.Empty(asserts.Check(Quoted(good)));
        Assert.Contains($"must have the format {format}", Assert.Single(asserts.Check(Quoted(bad))).Message, StringComparison.Ordinal);
        Assert.Empty(remarks.Check(Quoted(bad)));
    }

    [Fact]
    public Task Check_AnyTextAndAnySchema_NeverThrows()
    {
        string[] pieces = ["{", "}", "[", "]", ",", ":", "\"tags\"", "\"type\"", "\"not\"", "\"pattern\"", "\"\\ud800\"", "\"[(\"",
            "1e9999", "-0.5", "true", "null"];
        var review = CreateSut(Review);
        return Property.HoldsAsync(Gen.Elements(pieces), mostSteps: 12, cases: 2_000, chosen =>
        {
            var text = string.Concat(chosen);

            _ = review.Check(text);
            if (AnswerSchema.TryCompile(Encoding.UTF8.GetBytes(text), assertFormats: true, out var schema, out _)) _ = schema.Check(text);
            return Task.CompletedTask;
        });
    }

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private static AnswerSchema CreateSut(string schema) =>
        AnswerSchema.TryCompile(Encoding.UTF8.GetBytes(schema), assertFormats: false, out var sut, out var error)
            ? sut
            : throw new InvalidOperationException(error.Message);
}
