using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.Answers;
using AiPlatform.Tests.Gateway.StructuredOutput;
using Xunit;

namespace AiPlatform.Tests.Gateway.Answers;

public sealed class AnswerContractTests
{
    private const string Good = """
        {"title":"Dune","stars":5,"mood":"Good","quotes":[{"text":"Fear is the mind-killer.","page":8}]}
        """;

    [Fact]
    public void Schema_OfARecord_SaysItsTypesAndAnnotations()
    {
        var expected = JsonNode.Parse("""
            {
              "description": "What a reader thinks of a book.",
              "type": "object",
              "properties": {
                "title": { "type": "string", "description": "Its title.", "minLength": 1, "maxLength": 80 },
                "stars": { "type": "integer", "minimum": 1, "maximum": 5 },
                "confidence": { "type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 1 },
                "mood": { "enum": ["Good", "Bad"], "type": "string" },
                "isbn": { "type": ["string", "null"], "pattern": "^(?:[0-9]{13})$" },
                "contact": { "type": ["string", "null"], "format": "email", "maxLength": 100 },
                "read": { "type": ["string", "null"], "format": "date" },
                "quotes": {
                  "type": "array", "minItems": 1, "maxItems": 3,
                  "items": {
                    "type": "object", "additionalProperties": false, "required": ["text"],
                    "properties": { "text": { "type": ["string", "null"], "minLength": 1 }, "page": { "type": "integer" } }
                  }
                },
                "form": { "type": ["string", "null"], "enum": ["short", "long"] }
              },
              "required": ["title", "stars", "mood", "quotes"],
              "additionalProperties": false
            }
            """);

        var sut = new AnswerContract<Review>();

        Assert.True(JsonNode.DeepEquals(expected, sut.Schema), sut.Schema.ToJsonString());
        Assert.Equal(("review", false), (sut.Name, sut.IsStrict));
    }

    [Fact]
    public void TryRead_Fits_IsTheRecord()
    {
        Assert.True(new AnswerContract<Review>().TryRead(Good, out var review, out var violations));

        Assert.Empty(violations);
        Assert.Equal(("Dune", 5, Mood.Good, 8), (review.Title, review.Stars, review.Mood, review.Quotes[0].Page));
        Assert.Null(review.Isbn);
    }

    [Theory]
    [InlineData("\"stars\":5", "\"stars\":6", "/stars: must be at most 5, is 6")]
    [InlineData("\"mood\":\"Good\"", "\"mood\":\"Fine\"", "/mood: must be one of \"Good\", \"Bad\", is \"Fine\"")]
    [InlineData("\"mood\":\"Good\"", "\"mood\":0", "/mood")]
    [InlineData("\"mood\":\"Good\"", "\"mood\":\"Bad\"", "/mood: must not be Bad with five stars")]
    [InlineData("\"stars\":5", "\"stars\":5,\"pages\":900", "the answer must not have the property 'pages'")]
    [InlineData("\"title\":\"Dune\",", "", "the answer must have the property 'title'")]
    [InlineData("\"stars\":5", "\"stars\":5,\"isbn\":\"12\"", "/isbn: must match the pattern")]
    [InlineData("\"stars\":5", "\"stars\":5,\"contact\":\"nobody\"", "/contact: must have the format email")]
    [InlineData("\"stars\":5", "\"stars\":5,\"read\":\"yesterday\"", "/read: must have the format date")]
    [InlineData("\"page\":8", "\"page\":99999999999", "Review cannot hold, at $.quotes[0].page")]
    [InlineData("\"text\":\"Fear is the mind-killer.\"", "\"text\":\"\"", "/quotes/0/text: must have at least 1 characters")]
    public void TryRead_DoesNotFit_SaysWhy(string part, string instead, string violation)
    {
        var wrong = Good.Replace(part, instead, StringComparison.Ordinal);
        Assert.NotEqual(Good, wrong);

        Assert.False(new AnswerContract<Review>().TryRead(wrong, out var review, out var violations));

        Assert.Null(review);
        Assert.Contains(violations, one => $"{one}".Contains(violation, StringComparison.Ordinal));
    }

    [Fact]
    public void IsStrict_OnlyWhatEveryProviderTakes_IsTrue()
    {
        Assert.True(new AnswerContract<Plain>().IsStrict);
        Assert.False(new AnswerContract<WithOptional>().IsStrict);
        Assert.False(new AnswerContract<AskAnswer>().IsStrict);
    }

    [Theory]
    [InlineData("date", "\"2026-11-25\"", "\"25.11.2026\"")]
    [InlineData("moment", "\"2026-11-25T10:00:00+01:00\"", "\"10:00\"")]
    [InlineData("id", "\"2eb8aa08-aa98-11ea-b4aa-73b441d16380\"", "\"1\"")]
    [InlineData("page", "\"https://example.com/\"", "\"not a page\"")]
    [InlineData("words", "{\"a\":1}", "{\"a\":\"b\"}")]
    [InlineData("price", "12.30", "\"12.30\"")]
    public void Check_FormsOfDotNet_AreChecked(string member, string good, string bad)
    {
        var sut = new AnswerContract<Forms>();

        Assert.Empty(sut.Check($"{{\"{member}\":{good}}}"));
        Assert.StartsWith($"/{member}", $"{Assert.Single(sut.Check($"{{\"{member}\":{bad}}}"))}", StringComparison.Ordinal);
        Assert.Empty(sut.Check($"{{\"{member}\":null}}"));
    }

    [Fact]
    public void TryRead_RecordInItself_GoesAsDeepAsTheAnswer()
    {
        var sut = new AnswerContract<Tree>();

        Assert.True(sut.TryRead("""{"name":"a","children":[{"name":"b","children":[]}]}""", out var tree, out _));
        Assert.Equal("b", tree.Children[0].Name);
        Assert.Equal("/children/0: must have the property 'children'", $"{Assert.Single(sut.Check("""{"name":"a","children":[{"name":"b"}]}"""))}");
    }

    [Fact]
    public void New_AnnotationThatNoSchemaCanSay_SaysWhatToUse()
    {
        var wrong = Assert.Throws<InvalidOperationException>(() => new AnswerContract<WithCard>());

        Assert.Contains("WithCard.Number has [CreditCardAttribute]", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("[RegularExpression]", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void New_PatternThatTakesMoreThanLinearTime_IsRefused() =>
        Assert.Contains("linear time", Assert.Throws<InvalidOperationException>(() => new AnswerContract<WithLookahead>()).Message, StringComparison.Ordinal);

    [Fact]
    public void New_NoRecord_IsRefused() => Assert.Throws<InvalidOperationException>(() => new AnswerContract<string>());

    private sealed record Plain
    {
        public required string Name { get; init; }

        public required IReadOnlyList<Mood> Moods { get; init; }
    }

    private sealed record Forms
    {
        public DateOnly? Date { get; init; }

        public DateTimeOffset? Moment { get; init; }

        public Guid? Id { get; init; }

        public Uri? Page { get; init; }

        public IReadOnlyDictionary<string, int>? Words { get; init; }

        public decimal? Price { get; init; }
    }

    private sealed record WithOptional
    {
        public string? Name { get; init; }
    }

    private sealed record Tree
    {
        public required string Name { get; init; }

        public required IReadOnlyList<Tree> Children { get; init; }
    }

    private sealed record WithCard
    {
        [CreditCard]
        public required string Number { get; init; }
    }

    private sealed record WithLookahead
    {
        [RegularExpression("^(?=.*[0-9]).+$")]
        public required string Name { get; init; }
    }
}
