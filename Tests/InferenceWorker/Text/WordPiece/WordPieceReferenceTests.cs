using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Text;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.WordPiece;

public sealed class WordPieceReferenceTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Encode_EveryReferenceLine_AnswersTheSameIds()
    {
        ITokenizer sut = TokenizerReference.MiniLm;
        var lines = TokenizerReference.Lines("all-minilm-l6-v2.jsonl").ToList();

        List<string> differences = Differences(lines, "ids", _ => text => sut.Encode(text));

        Assert.Equal(1913, lines.Count);
        Assert.Empty(differences);
    }

    [Fact]
    public void Encode_SpecialTokenLookAlikes_AnswersTheSameIds()
    {
        ITokenizer sut = TokenizerReference.MiniLm;
        var lines = TokenizerReference.Lines("all-minilm-l6-v2.plain.jsonl").ToList();

        List<string> differences =
        [
            .. Differences(lines, "ids", _ => text => sut.Encode(text)),
            .. Differences(lines, "plain_ids", _ => text => sut.Encode(text, parseSpecialTokens: false)),
        ];

        Assert.NotEmpty(lines);
        Assert.Empty(differences);
    }

    [Fact]
    public void Encode_EveryCombinationOfNormalizerFields_AnswersTheSameIds()
    {
        var tokenizers = new Dictionary<string, ITokenizer>();
        var lines = TokenizerReference.Lines("bert-variants.jsonl").ToList();

        List<string> differences = Differences(lines, "ids", line =>
        {
            string normalizer = line.GetProperty("normalizer").GetRawText();
            if (!tokenizers.TryGetValue(normalizer, out ITokenizer? sut))
                tokenizers[normalizer] = sut = CreateSut(normalizer);
            return text => sut.Encode(text);
        });

        Assert.Equal(24, tokenizers.Count);
        Assert.Empty(differences);
    }

    private static List<string> Differences(List<JsonElement> lines, string name, Func<JsonElement, Func<string, int[]>> encoderOf)
    {
        var differences = new List<string>();
        foreach (JsonElement line in lines)
        {
            string text = TokenizerReference.Text(line);
            if (TokenizerReference.Difference(text, TokenizerReference.Ids(line, name), encoderOf(line)(text)) is { } difference)
                differences.Add(difference);
        }

        return differences;
    }

    private ITokenizer CreateSut(string normalizer)
    {
        JsonNode file = JsonNode.Parse(File.ReadAllText(TokenizerReference.PathOf("bert-variants.json")))!;
        file["normalizer"] = JsonNode.Parse(normalizer);
        string path = Path.Combine(_folder.FullName, "tokenizer.json");
        File.WriteAllText(path, file.ToJsonString());
        return TokenizerLoader.Load(path);
    }
}
