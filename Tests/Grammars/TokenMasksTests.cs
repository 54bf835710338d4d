using System.Text;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.Grammars.Matching;
using Xunit;

namespace AiPlatform.Tests.Grammars;

/// <summary>Masks are compared with an obvious reference: each token is tried byte by byte.</summary>
public sealed class TokenMasksTests
{
    private static readonly string[] Schemas =
    [
        """{"type":"string"}""",
        """{"type":"string","minLength":2,"maxLength":5}""",
        """{"type":"string","pattern":"^[a-z]+( [a-z]+){0,3}$"}""",
        """{"type":"string","pattern":"é+x?","maxLength":9}""",
        """{"type":"string","format":"date-time"}""",
        """{"type":"number"}""",
        """{"type":"number","minimum":-1.5,"maximum":1000,"multipleOf":0.25}""",
        """{"enum":["the","then","there",1,12,{"a":[true]}]}""",
        """{"anyOf":[{"type":"string","maxLength":3},{"type":"string","pattern":"^(ab)*$"},{"type":"null"}]}""",
        """{"type":"array","items":{"type":["string","integer"],"maxLength":4},"maxItems":3}""",
        """{"type":"object","properties":{"a":{"type":"string"},"b":{"$ref":"#"}},"additionalProperties":false}""",
        """{"type":"object","properties":{"a":{"const":1}},"additionalProperties":{"type":"boolean"}}""",
        """{"type":"object"}""",
        "true",
    ];

    private static readonly string[] Rules =
    [
        "start: \"SELECT \" names \" FROM \" name (\" WHERE \" name \" = \" value)?\nnames: name (\", \" name)*\nname: /[a-z_]+/\nvalue: /[0-9]+/ | \"'\" /[^'\\n]*/ \"'\"",
        "start: sum\nsum: product ((\"+\"|\"-\") sum)?\nproduct: atom (\"*\" product)?\natom: /\\d+(\\.\\d+)?/ | \"(\" sum \")\"",
        "start: (\"a\" | \"ab\" | \"b\")* \"c\" ~ 1..3 [\"日本\"]",
    ];

    public static TheoryData<string> AllSchemas => [.. Schemas];

    public static TheoryData<string> AllRules => [.. Rules];

    [Theory]
    [MemberData(nameof(AllSchemas))]
    public void Mask_StatesOfSchema_AreThoseOfTryingEachToken(string schema) => AssertMasks(Grammar.OfJsonSchema(schema), 12);

    [Theory]
    [MemberData(nameof(AllSchemas))]
    public void Mask_FlexibleWhitespace_IsThatOfTryingEachToken(string schema) =>
        AssertMasks(Grammar.OfJsonSchema(schema, flexibleWhitespace: true), 6);

    [Theory]
    [MemberData(nameof(AllRules))]
    public void Mask_StatesOfRules_AreThoseOfTryingEachToken(string rules) => AssertMasks(Grammar.OfRules(rules), 12);

    [Fact]
    public void Mask_StatesOfRandomRules_AreThoseOfTryingEachToken()
    {
        var random = new Random(20_261_128);
        var vocabulary = RandomVocabulary(random);
        for (var i = 0; i < 300; i++)
        {
            Grammar grammar;
            try
            {
                grammar = Grammar.OfRules(RandomRules(random));
            }
            catch (GrammarException)
            {
                continue;
            }

            AssertMasks(grammar, 10, vocabulary, random);
        }
    }

    [Fact]
    public void Mask_NameThatIsUsed_CannotComeAgain()
    {
        var grammar = Grammar.OfJsonSchema("""{"type":"object","additionalProperties":{"type":"integer","minimum":0,"maximum":9}}""");
        var sut = new TokenMasks(grammar, Vocabularies.Smollm2).Start();

        Assert.True(sut.TryAccept("""{"ab":1,"a"""u8));

        var allowed = Walks.Allowed(sut.Mask).Select(token => Encoding.UTF8.GetString(Vocabularies.Smollm2.BytesOf(token))).ToHashSet();
        Assert.Contains("\"", allowed);
        Assert.Contains("\":", allowed);
        Assert.Contains("b", allowed);
        Assert.True(sut.TryAccept("b"u8));
        allowed = [.. Walks.Allowed(sut.Mask).Select(token => Encoding.UTF8.GetString(Vocabularies.Smollm2.BytesOf(token)))];
        Assert.DoesNotContain("\"", allowed);
        Assert.DoesNotContain("\":", allowed);
        Assert.Contains("b", allowed);
        Assert.False(sut.TryAccept("\""u8));
        Assert.True(sut.TryAccept("c\":{"u8[..3]));
    }

    [Fact]
    public void Mask_LastNamesOfPattern_NeverEndsInUsedOnes()
    {
        var grammar = Grammar.OfJsonSchema(
            """{"type":"object","patternProperties":{"^[a-g]{2}$":{"type":"null"}},"additionalProperties":false,"minProperties":30}""");
        for (var seed = 0; seed < 20; seed++)
        {
            var text = Walks.Text(grammar, new Random(seed), 4_000);
            var names = text.Trim('{', '}').Split(',').Select(part => part.Split(':')[0]).ToList();

            Assert.InRange(names.Count, 30, 49);
            Assert.Equal(names.Count, names.Distinct().Count());
        }
    }

    [Fact]
    public void Mask_TokensThatBeginNames_NeverLeadToUsedOnes()
    {
        var grammar = Grammar.OfJsonSchema(
            """{"type":"object","patternProperties":{"^[a-f]{2}$":{"type":"null"}},"additionalProperties":false,"minProperties":32}""");
        var letters = "abcdef".SelectMany(first => "abcdef".Select(second => $"{first}{second}"));
        var tokens = letters.SelectMany(name => new[] { $",\"{name}", $"\"{name}\":null", $"null,\"{name[..1]}", name });
        var vocabulary = new Vocabulary(
            [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), null, .. tokens.Select(Encoding.UTF8.GetBytes)], [256]);
        for (var seed = 0; seed < 20; seed++)
        {
            var (random, sut) = (new Random(seed), new TokenMasks(grammar, vocabulary).Start());
            while (true)
            {
                var allowed = Walks.Allowed(sut.Mask);
                Assert.NotEmpty(allowed);
                var token = allowed[random.Next(allowed.Count)];
                if (token == 256) break;
                Assert.True(sut.TryAccept(token));
            }
        }
    }

    [Fact]
    public void Forced_NamesOfObject_AreForcedAsFarAsThereIsNoChoice()
    {
        var grammar = Grammar.OfJsonSchema(
            """{"type":"object","properties":{"summary":{"type":"string"},"n":{"const":[1]}},"required":["summary","n"],"additionalProperties":false}""");
        var sut = new TokenMasks(grammar, Vocabularies.Smollm2).Start();

        Assert.Equal("""{"summary":" """.Trim(), Encoding.UTF8.GetString(sut.Forced()));
        Assert.True(sut.TryAccept("{\"summary\":\"x\""u8));
        Assert.Equal(""","n":[1]}""", Encoding.UTF8.GetString(sut.Forced()));
        Assert.True(sut.TryAccept(sut.Forced()));
        Assert.True(sut.AcceptsEnd);
        Assert.Equal(2, Assert.Single(Walks.Allowed(sut.Mask)));
    }

    [Fact]
    public void TryAccept_TokensOfAnotherMatcher_RebuildsItsState()
    {
        var masks = new TokenMasks(Grammar.OfJsonSchema("""{"type":"array","items":{"type":"string","maxLength":9}}"""), Vocabularies.Smollm2);
        var random = new Random(1);
        var first = masks.Start();
        List<int> tokens = [];
        for (var i = 0; i < 30; i++)
        {
            var allowed = Walks.Allowed(first.Mask).Where(token => token != 2).ToList();
            if (allowed.Count == 0) break;
            tokens.Add(allowed[random.Next(allowed.Count)]);
            Assert.True(first.TryAccept(tokens[^1]));
        }

        var sut = masks.Start();
        Assert.All(tokens, token => Assert.True(sut.TryAccept(token)));

        Assert.True(sut.Mask.SequenceEqual(first.Mask));
    }

    [Fact]
    public async Task Mask_ManyThreadsWithOneGrammar_GiveWhatEachGivesAlone()
    {
        var schema = """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"array","items":{"$ref":"#"}}}}""";
        var shared = new TokenMasks(Grammar.OfJsonSchema(schema), Vocabularies.Smollm2);

        var together = await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() => Tokens(shared, seed))));

        for (var seed = 0; seed < 8; seed++)
            Assert.Equal(Tokens(new TokenMasks(Grammar.OfJsonSchema(schema), Vocabularies.Smollm2), seed), together[seed]);

        static List<int> Tokens(TokenMasks masks, int seed)
        {
            var (random, matcher, tokens) = (new Random(seed), masks.Start(), new List<int>());
            for (var i = 0; i < 60; i++)
            {
                var allowed = Walks.Allowed(matcher.Mask);
                tokens.Add(allowed[random.Next(allowed.Count)]);
                if (!matcher.TryAccept(tokens[^1])) break;
            }

            return tokens;
        }
    }

    /// <summary>Each name is compared with all others, at each of its characters.</summary>
    [Fact]
    public void Mask_ManyNamesInAnObject_IsRefusedWhenItTakesTooManySteps()
    {
        var masks = new TokenMasks(
            Grammar.OfJsonSchema(
                """{"type":"object","propertyNames":{"pattern":"^x[a-z]{3,}$"},"additionalProperties":{"type":"null"}}""",
                GrammarLimits.Default with { MaxMaskSteps = 5_000 }),
            Vocabularies.Bytes);
        var sut = masks.Start();
        var names = Enumerable.Range(0, 300).Select(i => $"\"xa{(char)('a' + (i / 26))}{(char)('a' + (i % 26))}\":null");
        Assert.True(sut.TryAccept("{\"xzzz\":null,\"x"u8));
        Assert.NotEmpty(Walks.Allowed(sut.Mask));

        sut = masks.Start();
        Assert.True(sut.TryAccept(Encoding.UTF8.GetBytes($"{{{string.Join(',', names)},\"x")));

        Assert.Contains("names", Assert.Throws<GrammarException>(() => Walks.Allowed(sut.Mask)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfJsonSchema_Canceled_Ends()
    {
        using var canceled = new CancellationTokenSource();
        canceled.Cancel();

        Assert.Throws<OperationCanceledException>(
            () => Grammar.OfJsonSchema("""{"type":"string","pattern":"(a|b)*a(a|b){14}$"}""", cancellationToken: canceled.Token));
    }

    [Fact]
    public void MaskOf_SmallCache_GivesTheSameMasks()
    {
        var schema = """{"type":"object","properties":{"a":{"type":"string","maxLength":40},"b":{"$ref":"#"}},"required":["a"]}""";
        var large = new TokenMasks(Grammar.OfJsonSchema(schema), Vocabularies.Smollm2);
        var small = new TokenMasks(
            Grammar.OfJsonSchema(schema, GrammarLimits.Default with { MaxCacheBytes = 20_000 }), Vocabularies.Smollm2);
        var (first, sut) = (large.Start(), small.Start());
        var random = new Random(5);
        for (var i = 0; i < 60; i++)
        {
            Assert.True(sut.Mask.SequenceEqual(first.Mask));
            var allowed = Walks.Allowed(first.Mask).Where(token => token != 2).ToList();
            if (allowed.Count == 0) return;
            var token = allowed[random.Next(allowed.Count)];
            Assert.True(first.TryAccept(token));
            Assert.True(sut.TryAccept(token));
        }
    }

    private static void AssertMasks(Grammar grammar, int steps, Vocabulary? vocabulary = null, Random? random = null)
    {
        vocabulary ??= Vocabularies.Smollm2;
        random ??= new Random(7);
        var masks = new TokenMasks(grammar, vocabulary);
        var state = grammar.Start;
        for (var step = 0; step < steps; step++)
        {
            var expected = Reference(grammar, state, vocabulary);
            var actual = Walks.Allowed(masks.MaskOf(state).Span);
            Assert.Equal(expected, actual);
            var (forced, at) = (grammar.Forced(state), state);
            foreach (var value in forced)
            {
                Assert.False(at.AcceptsEnd);
                var following = Enumerable.Range(0, 256).Where(one => grammar.Step(at, (byte)one) is not null);
                Assert.Equal(value, Assert.Single(following));
                at = grammar.Step(at, value)!;
            }

            var tokens = expected.Where(token => vocabulary.BytesOf(token).Length > 0).ToList();
            if (tokens.Count == 0) return;
            state = grammar.Step(state, vocabulary.BytesOf(tokens[random.Next(tokens.Count)]))!;
        }
    }

    private static List<int> Reference(Grammar grammar, GrammarState state, Vocabulary vocabulary)
    {
        List<int> allowed = [];
        for (var token = 0; token < vocabulary.Count; token++)
        {
            var canFollow = vocabulary.EndTokens.Contains(token)
                ? state.AcceptsEnd
                : vocabulary.BytesOf(token) is { Length: > 0 } bytes && grammar.Step(state, bytes) is not null;
            if (canFollow) allowed.Add(token);
        }

        return allowed;
    }

    /// <summary>Short tokens of few letters, so that they end in the middle of everything; some twice.</summary>
    private static Vocabulary RandomVocabulary(Random random)
    {
        var pieces = new[] { "a", "b", "c", "é", "日", "\"", " ", "\n" }.Select(Encoding.UTF8.GetBytes).ToArray();
        List<byte[]?> tokens = [null];
        for (var i = 0; i < 600; i++)
        {
            var bytes = Enumerable.Range(0, random.Next(1, 6)).SelectMany(_ => pieces[random.Next(pieces.Length)]).ToArray();
            var cut = bytes.Skip(random.Next(2)).SkipLast(random.Next(2)).ToArray();
            tokens.Add(cut.Length > 0 ? cut : bytes);
        }

        return new Vocabulary(tokens, [0]);
    }

    private static string RandomRules(Random random)
    {
        var text = new StringBuilder();
        string[] names = ["start", "x", "y", "z"];
        foreach (var name in names) text.Append(name).Append(": ").Append(RandomPart(random, 3)).Append('\n');
        return text.ToString();
    }

    private static string RandomPart(Random random, int depth) => random.Next(depth > 0 ? 10 : 4) switch
    {
        0 => "\"a\"",
        1 => "\"bé\"",
        2 => new[] { "/[a-c]+/", "/(ab|日)*c/", "/[^a]?b/", "/a{2,3}/" }[random.Next(4)],
        3 => new[] { "x", "y", "z", "\"c\"" }[random.Next(4)],
        4 or 5 => $"({RandomPart(random, depth - 1)} | {RandomPart(random, depth - 1)})",
        6 => $"({RandomPart(random, depth - 1)})*",
        7 => $"[{RandomPart(random, depth - 1)}]",
        _ => $"\"a\" {RandomPart(random, depth - 1)} {RandomPart(random, depth - 1)}",
    };
}
