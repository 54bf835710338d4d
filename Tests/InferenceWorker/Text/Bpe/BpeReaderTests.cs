using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Bpe;

public sealed class BpeReaderTests : IDisposable
{
    private const string Valid = """
        {
          "version": "1.0", "truncation": null, "padding": null, "decoder": {"type": "ByteLevel"},
          "added_tokens": [
            {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 7, "content": "<tool>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}
          ],
          "normalizer": null,
          "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
          "post_processor": null,
          "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": {"<s>": 0, "a": 1, "b": 2, "Ġ": 3, "ab": 4, "Ġab": 5, "bab": 6},
            "merges": ["a b", ["Ġ", "ab"]]
          }
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Load_SmallestKnownFile_Encodes()
    {
        ChatTokenizer sut = Load(Valid);

        Assert.Equal([4, 5, 1], sut.Encode("ab aba"));
        Assert.Equal([0, 4, 7], sut.EncodeWithControl("<s>ab<tool>"));
        Assert.Equal([7], sut.Encode("<s><tool>").Where(id => id is 0 or 7)); // a token that is not special is found in content, too
        Assert.Equal(8, sut.VocabularySize);
        Assert.Equal(" ab"u8, sut.TokenBytes(5));
    }

    [Fact]
    public void Load_IgnoresMerges_TakesWholeWordsOfTheVocabulary()
    {
        Assert.Equal([2, 4], Load(Valid).Encode("bab"));
        Assert.Equal([6], Load(With("model.ignore_merges", "true")).Encode("bab"));
    }

    [Fact]
    public void Load_IgnoresMerges_NeverTakesASpecialTokenForAWord()
    {
        ChatTokenizer sut = Load(With(
            "model.ignore_merges", "true", "added_tokens[0].content", "\"bab\"", "added_tokens[0].id", "6", "added_tokens[1]", null));

        Assert.Equal([2, 4], sut.Encode("bab"));
        Assert.Equal([6], sut.EncodeWithControl("bab"));
    }

    [Fact]
    public void Load_Template_IsSetAroundTextThatIsNoChat()
    {
        ChatTokenizer sut = Load(With("post_processor", """
            {"type": "Sequence", "processors": [
              {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
              {"type": "TemplateProcessing",
               "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
               "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}]}
            """));

        Assert.Equal([0], sut.BeforeText.ToArray());
        Assert.Empty(sut.AfterText.ToArray());
        Assert.Equal([1], sut.Encode("a"));
    }

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "model.type")]
    [InlineData("model.dropout", "0.1", "model.dropout")]
    [InlineData("model.byte_fallback", "true", "model.byte_fallback")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix")]
    [InlineData("model.unk_token", "\"<unk>\"", "model.unk_token")]
    [InlineData("model.merges[0]", "\"a c\"", "model.merges[0]")]
    [InlineData("model.merges[0]", "\"b b\"", "model.merges[0]")]
    [InlineData("model.merges[0]", "\"ab\"", "model.merges[0]")]
    [InlineData("model.merges[0]", "[\"a\"]", "model.merges[0]")]
    [InlineData("model.merges[1]", "7", "model.merges[1]")]
    [InlineData("model.merges", "{}", "model.merges")]
    [InlineData("model.surprise", "1", "model.surprise")]
    [InlineData("model.vocab.b", "9", "model.vocab")]
    [InlineData("decoder", "null", "decoder")]
    [InlineData("decoder.type", "\"Metaspace\"", "decoder.type")]
    [InlineData("normalizer", """{"type": "NFKC"}""", "normalizer.type")]
    [InlineData("normalizer", """{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}]}""", "normalizer.normalizers[0].type")]
    [InlineData("normalizer", """{"type": "NFC"}""", "added_tokens[1].normalized")]
    [InlineData("pre_tokenizer", "null", "pre_tokenizer")]
    [InlineData("pre_tokenizer.type", "\"Metaspace\"", "pre_tokenizer.type")]
    [InlineData("pre_tokenizer.type", "\"Digits\"", "pre_tokenizer.type")]
    [InlineData("pre_tokenizer.add_prefix_space", "true", "pre_tokenizer.add_prefix_space")]
    [InlineData("pre_tokenizer", """{"type": "Sequence", "pretokenizers": []}""", "pre_tokenizer.pretokenizers")]
    [InlineData("pre_tokenizer", """
        {"type": "Sequence", "pretokenizers": [
          {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": false},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]}
        """, "pre_tokenizer.pretokenizers[0].pattern.Regex")]
    [InlineData("pre_tokenizer", """
        {"type": "Sequence", "pretokenizers": [
          {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Removed", "invert": true},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]}
        """, "pre_tokenizer.pretokenizers[0].behavior")]
    [InlineData("pre_tokenizer", """
        {"type": "Sequence", "pretokenizers": [
          {"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated", "invert": false},
          {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]}
        """, "pre_tokenizer.pretokenizers[0].pattern.String")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "post_processor.type")]
    [InlineData("added_tokens[0].single_word", "true", "added_tokens[0].single_word")]
    [InlineData("added_tokens[0].id", "5", "added_tokens[0].id")]
    public void Load_WhatIsNotKnown_IsRefusedByFileAndField(string field, string value, string named)
    {
        var problem = Assert.Throws<TokenizerFormatException>(() => Load(With(field, value)));

        Assert.Contains($"'{Path.Combine(_folder.FullName, ChatTokenizer.FileName)}'", problem.Message, StringComparison.Ordinal);
        Assert.Contains($"field '{named}'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EmbeddingModelsFile_IsRefused()
    {
        File.Copy(TokenizerReference.MiniLmPath, Path.Combine(_folder.FullName, ChatTokenizer.FileName));

        var problem = Assert.Throws<TokenizerFormatException>(() => ChatTokenizer.Load(_folder.FullName));

        Assert.Contains("model.type", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FileCutShortAnywhere_IsRefused()
    {
        for (int length = 0; length < Valid.Length; length += 7)
        {
            string cut = Valid[..length];
            Assert.Throws<TokenizerFormatException>(() => Load(cut));
        }
    }

    [Fact]
    public void Load_NoFile_IsRefused() => Assert.Throws<TokenizerFormatException>(() => ChatTokenizer.Load(_folder.FullName));

    private static string With(params string?[] fieldsAndValues)
    {
        JsonNode file = JsonNode.Parse(Valid)!;
        for (int i = 0; i < fieldsAndValues.Length; i += 2)
        {
            string[] steps = fieldsAndValues[i]!.Replace("[", ".[", StringComparison.Ordinal).Split('.');
            JsonNode at = steps[..^1].Aggregate(file, (node, step) => step[0] == '[' ? node[Index(step)]! : node[step]!);
            JsonNode? value = fieldsAndValues[i + 1] is { } json ? JsonNode.Parse(json) : null;
            if (steps[^1][0] != '[')
                at[steps[^1]] = value;
            else if (fieldsAndValues[i + 1] is null)
                at.AsArray().RemoveAt(Index(steps[^1]));
            else
                at[Index(steps[^1])] = value;
        }

        return file.ToJsonString();
    }

    private static int Index(string step) => int.Parse(step[1..^1]);

    private ChatTokenizer Load(string json)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, ChatTokenizer.FileName), json);
        return ChatTokenizer.Load(_folder.FullName);
    }
}
