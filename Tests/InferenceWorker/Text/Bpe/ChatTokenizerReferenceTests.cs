using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Bpe;

public sealed class ChatTokenizerReferenceTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Encode_EveryReferenceLine_AnswersTheSameIds()
    {
        ChatTokenizer sut = ChatReference.Tokenizer;
        var lines = TokenizerReference.Lines($"{ChatReference.Model}.jsonl").ToList();
        var differences = new List<string>();
        int plain = 0;

        foreach (JsonElement line in lines)
        {
            string text = TokenizerReference.Text(line);
            int[] ids = TokenizerReference.Ids(line, "ids");
            bool hasPlain = line.TryGetProperty("plain_ids", out _);
            plain += hasPlain ? 1 : 0;
            int[] plainIds = hasPlain ? TokenizerReference.Ids(line, "plain_ids") : ids;

            Note(differences, TokenizerReference.Difference(text, ids, sut.EncodeWithControl(text)));
            Note(differences, TokenizerReference.Difference(text, plainIds, sut.Encode(text)));
        }

        Assert.Equal(1913, lines.Count);
        Assert.Equal(10, plain);
        Assert.Equal("", string.Join('\n', differences));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3")]
    [InlineData("qwen2")]
    [InlineData("mistralNemo")]
    [InlineData("gpt4o")]
    [InlineData("digitRuns")]
    [InlineData("threeDigits")]
    public void Encode_OtherFamilies_AnswersTheSameIds(string variant)
    {
        ChatTokenizer sut = CreateSut(variant);
        var differences = new List<string>();

        foreach (JsonElement line in TokenizerReference.Lines("bpe-variants.jsonl"))
        {
            string text = TokenizerReference.Text(line);
            Note(differences, TokenizerReference.Difference(
                text, TokenizerReference.Ids(line.GetProperty("ids"), variant), sut.EncodeWithControl(text)));
        }

        Assert.Equal("", string.Join('\n', differences));
    }

    private static void Note(List<string> differences, string? difference)
    {
        if (difference is not null)
            differences.Add(difference);
    }

    private ChatTokenizer CreateSut(string variant)
    {
        JsonNode file = JsonNode.Parse(File.ReadAllText(Path.Combine(ChatReference.Folder, ChatTokenizer.FileName)))!;
        JsonNode fields = JsonNode.Parse(File.ReadAllText(TokenizerReference.PathOf("bpe-variants.json")))![variant]!;
        file["pre_tokenizer"] = fields["pre_tokenizer"]!.DeepClone();
        file["normalizer"] = fields["normalizer"]?.DeepClone();
        file["model"]!["ignore_merges"] = fields["ignore_merges"]?.GetValue<bool>() ?? false;
        File.WriteAllText(Path.Combine(_folder.FullName, ChatTokenizer.FileName), file.ToJsonString());
        return ChatTokenizer.Load(_folder.FullName);
    }
}
