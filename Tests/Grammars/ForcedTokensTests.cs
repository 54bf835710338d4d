using System.Text;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.Grammars;

/// <summary>Tokens of forced text, with the tokenizer of SmolLM2.</summary>
public sealed class ForcedTokensTests
{
    private static readonly Lazy<ChatTokenizer> Tokenizer =
        new(() => ChatTokenizer.Load(Path.Combine(Checkout.Models, "smollm2-135m-instruct")));

    private static readonly Lazy<Vocabulary> Tokens = new(() => OpenedChat.ArrangeTokens(Tokenizer.Value, [2]));

    [Theory]
    [InlineData("""{"type":"object","properties":{"summary":{"type":"string"}},"required":["summary"],"additionalProperties":false}""", "", """{"summary""")]
    [InlineData("""{"const":{"a":[1,2],"b":"text"}}""", "", """{"a":[1,2],"b":"text"}""")]
    [InlineData("""{"type":"object","properties":{"n":{"type":"boolean"}},"required":["n"],"additionalProperties":false}""", """{"n":true""", "}")]
    [InlineData("""{"enum":["日本","日曜"]}""", "", "\"日")]
    [InlineData("""{"type":"string"}""", "", "")]
    public void ForcedTokens_ForcedText_AreMadeUpToWhereTheModelMayGoOn(string schema, string before, string forced)
    {
        var sut = new TokenMasks(Grammar.OfJsonSchema(schema), Tokens.Value).Start();
        Assert.True(before.Length == 0 || sut.TryAccept(Encoding.UTF8.GetBytes(before)));

        var tokens = sut.ForcedTokens();

        // What is left out could be a part of a longer token.
        var text = Tokenizer.Value.Decode(tokens);
        Assert.StartsWith(text, forced, StringComparison.Ordinal);
        Assert.True(forced.Length - text.Length <= 3, text);
        Assert.Equal(Tokenizer.Value.Encode(forced)[..tokens.Length], tokens.ToArray());
    }

    /// <summary>However a text goes on, the tokens that are forced in it are those with which the tokenizer begins what follows.</summary>
    [Theory]
    [MemberData(nameof(JsonSchemaGrammarTests.ReferenceSchemas), MemberType = typeof(JsonSchemaGrammarTests))]
    public void ForcedTokens_ReferenceSchema_AreThoseOfTheWholeText(string name)
    {
        var schema = File.ReadAllText(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas", $"{name}.json"));
        var masks = new TokenMasks(Grammar.OfJsonSchema(schema), Tokens.Value);
        for (var seed = 0; seed < 6; seed++)
        {
            var whole = Walks.Text(masks.Grammar, new Random(seed), 40);
            var sut = masks.Start();
            for (var at = 0; at < whole.Length; at++)
            {
                var forced = sut.ForcedTokens();
                if (forced.Length > 0) Assert.Equal(Tokenizer.Value.Encode(whole.AsSpan(at))[..forced.Length], forced.ToArray());
                var next = Rune.GetRuneAt(whole, at);
                at += next.Utf16SequenceLength - 1;
                Assert.True(sut.TryAccept(Encoding.UTF8.GetBytes(next.ToString())));
            }

            Assert.True(sut.AcceptsEnd);
        }
    }
}
