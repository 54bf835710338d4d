using System.Text;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Text;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text;

public sealed class TokenizerLoaderTests : IDisposable
{
    private const string Valid = """
        {
          "version": "1.0", "truncation": null, "padding": null, "decoder": null,
          "added_tokens": [
            {"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
          ],
          "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
          "pre_tokenizer": {"type": "BertPreTokenizer"},
          "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}
          },
          "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "a": 3, "##b": 4}
          }
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer-");

    private string FilePath => Path.Combine(_folder.FullName, "tokenizer.json");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Load_SmallestKnownFile_Encodes()
    {
        ITokenizer sut = Load(Valid);

        Assert.Equal([2, 3, 4, 1, 0], sut.Encode("AB b [PAD]"));
        Assert.Equal(5, sut.VocabularySize);
        Assert.Equal(1, sut.SpecialTokensPerText);
    }

    [Fact]
    public void Load_PaddingAndTruncationInTheFile_AreLeftAside()
    {
        JsonNode file = JsonNode.Parse(Valid)!;
        file["truncation"] = JsonNode.Parse("""{"max_length": 2, "strategy": "LongestFirst", "stride": 0}""");
        file["padding"] = JsonNode.Parse("""{"strategy": {"Fixed": 8}, "pad_id": 0}""");

        ITokenizer sut = Load(file.ToJsonString());

        Assert.Equal([2, 3, 3, 3], sut.Encode("a a a"));
    }

    [Fact]
    public void Load_AddedTokenOutsideTheVocabulary_GoesOnAfterIt()
    {
        ITokenizer sut = Load(With("added_tokens[0].content", "\"<new>\"", "added_tokens[0].id", "5"));

        Assert.Equal([2, 3, 5, 3], sut.Encode("a<new>a"));
        Assert.Equal(6, sut.VocabularySize);
    }

    [Theory]
    [InlineData("true", 1)] // the whole word is unknown
    [InlineData("false", 5)]
    public void Load_AddedToken_IsOrdinaryTextOnlyWhereSpecial(string special, int expected)
    {
        ITokenizer sut = Load(With("added_tokens[0].content", "\"new\"", "added_tokens[0].id", "5", "added_tokens[0].special", special));

        Assert.Equal([2, 5], sut.Encode("new"));
        Assert.Equal([2, expected], sut.Encode("new", parseSpecialTokens: false));
    }

    [Fact]
    public void Load_FileIsMissing_IsRefused()
    {
        var refusal = Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.Load(FilePath));

        Assert.Contains(FilePath, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FileIsCutAnywhere_IsRefused()
    {
        for (int length = 0; length < Valid.TrimEnd().Length; length += 7)
        {
            var refusal = Assert.Throws<TokenizerFormatException>(() => Load(Valid[..length]));
            Assert.Contains(FilePath, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("{\"version\": \"1.0\", \"version\": \"1.0\"}")]
    public void Load_NotATokenizerFile_IsRefused(string content) => Assert.Throws<TokenizerFormatException>(() => Load(content));

    [Theory]
    [InlineData("version", "\"2.0\"", "2.0")]
    [InlineData("surprise", "1", "not known (value 1)")]
    [InlineData("model", "null", "expected an object")]
    [InlineData("model.type", "\"Unigram\"", "Unigram")]
    [InlineData("model.type", "7", "expected a string")]
    [InlineData("model.surprise", "true", "not known (value true)")]
    [InlineData("model.unk_token", "\"[NONE]\"", "[NONE]")]
    [InlineData("model.max_input_chars_per_word", "0", "from 1 to")]
    [InlineData("model.max_input_chars_per_word", "100000", "from 1 to")]
    [InlineData("model.max_input_chars_per_word", "1.5", "1.5")]
    [InlineData("model.continuing_subword_prefix", "null", "expected a string")]
    [InlineData("model.vocab", "{}", "is empty")]
    [InlineData("model.vocab", "[\"a\"]", "expected an object")]
    [InlineData("model.vocab", "{\"a\": 1}", "'a' the id 1")]
    [InlineData("model.vocab", "{\"a\": 0, \"b\": 0}", "'b' the id 0")]
    [InlineData("model.vocab.a", "-3", "-3")]
    [InlineData("model.vocab.a", "\"3\"", "expected a whole number")]
    [InlineData("normalizer", "null", "expected an object")]
    [InlineData("normalizer.type", "\"NFC\"", "NFC")]
    [InlineData("normalizer.surprise", "1", "not known")]
    [InlineData("normalizer.lowercase", "null", "expected true or false")]
    [InlineData("normalizer.strip_accents", "\"no\"", "expected true or false")]
    [InlineData("pre_tokenizer.type", "\"Whitespace\"", "Whitespace")]
    [InlineData("pre_tokenizer.surprise", "1", "not known")]
    [InlineData("post_processor", "null", "expected an object")]
    [InlineData("post_processor.type", "\"RobertaProcessing\"", "RobertaProcessing")]
    [InlineData("post_processor.single", "\"[CLS] $A\"", "expected an array")]
    [InlineData("post_processor.single", "[]", "has no sequence A")]
    [InlineData("post_processor.single[0].SpecialToken.id", "\"[BOS]\"", "[BOS]")]
    [InlineData("post_processor.single[0].SpecialToken.type_id", "1", "from 0 to 0")]
    [InlineData("post_processor.single[0].Surprise", "1", "one field")]
    [InlineData("post_processor.single[1].Sequence.id", "\"B\"", "\"B\"")]
    [InlineData("post_processor.single[0]", "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}", "sequence A once")]
    [InlineData("post_processor.special_tokens.[CLS].ids", "[3]", "is 3")]
    [InlineData("post_processor.special_tokens.[CLS].ids", "[]", "0 ids")]
    [InlineData("post_processor.special_tokens.[CLS].tokens", "[\"[BOS]\"]", "[BOS]")]
    [InlineData("added_tokens", "null", "expected an array")]
    [InlineData("added_tokens[0].id", "3", "makes it 0")]
    [InlineData("added_tokens[0].content", "\"\"", "0 characters")]
    [InlineData("added_tokens[0].content", "\"<new>\"", "makes it 5")]
    [InlineData("added_tokens[0].single_word", "true", "only false is known")]
    [InlineData("added_tokens[0].normalized", "true", "only false is known")]
    [InlineData("added_tokens[0].special", "1", "expected true or false")]
    public void Load_UnknownValue_IsRefusedWithFileFieldAndValue(string field, string value, string problem)
    {
        var refusal = Assert.Throws<TokenizerFormatException>(() => Load(With(field, value)));

        Assert.Contains(FilePath, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(field.Split('.', '[')[0], refusal.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("added_tokens")]
    [InlineData("normalizer")]
    [InlineData("normalizer.clean_text")]
    [InlineData("pre_tokenizer")]
    [InlineData("post_processor.single")]
    [InlineData("post_processor.special_tokens")]
    [InlineData("model")]
    [InlineData("model.vocab")]
    [InlineData("model.unk_token")]
    [InlineData("model.max_input_chars_per_word")]
    public void Load_FieldIsMissing_IsRefused(string field)
    {
        JsonNode file = JsonNode.Parse(Valid)!;
        (JsonNode parent, string name) = Find(file, field);
        parent.AsObject().Remove(name);

        var refusal = Assert.Throws<TokenizerFormatException>(() => Load(file.ToJsonString()));

        Assert.Contains($"field '{field}' is missing", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"a\": 3", "\"\\ud800\": 3")]
    [InlineData("\"[UNK]\",", "\"\\udc00\",")]
    [InlineData("{\"[CLS]\": {\"id\"", "{\"\\ud800x\": {\"id\"")]
    [InlineData("\"content\": \"[PAD]\"", "\"content\": \"\\ud800\"")]
    public void Load_HalfASurrogatePairInAString_IsRefused(string valid, string broken)
    {
        string content = Valid.Replace(valid, broken, StringComparison.Ordinal);

        var refusal = Assert.Throws<TokenizerFormatException>(() => Load(content));

        Assert.NotEqual(Valid, content);
        Assert.Contains("not valid Unicode", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_BrokenUtf8_IsRefused()
    {
        byte[] content = Encoding.UTF8.GetBytes(Valid);
        content[Valid.IndexOf("\"a\": 3", StringComparison.Ordinal) + 1] = 0xFF;
        File.WriteAllBytes(FilePath, content);

        Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.Load(FilePath));
    }

    private static (JsonNode Parent, string Name) Find(JsonNode file, string field)
    {
        string[] steps = field.Replace("[0]", ".0", StringComparison.Ordinal).Replace("[1]", ".1", StringComparison.Ordinal).Split('.');
        JsonNode at = file;
        foreach (string step in steps[..^1])
            at = at is JsonArray ? at[int.Parse(step, null)]! : at[step]!;
        return (at, steps[^1]);
    }

    private static string With(params string[] fieldsAndValues)
    {
        JsonNode file = JsonNode.Parse(Valid)!;
        foreach (string[] pair in fieldsAndValues.Chunk(2))
        {
            (JsonNode parent, string name) = Find(file, pair[0]);
            if (parent is JsonArray)
                parent[int.Parse(name, null)] = JsonNode.Parse(pair[1]);
            else
                parent[name] = JsonNode.Parse(pair[1]);
        }

        return file.ToJsonString();
    }

    private ITokenizer Load(string content)
    {
        File.WriteAllText(FilePath, content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return TokenizerLoader.Load(FilePath);
    }
}
