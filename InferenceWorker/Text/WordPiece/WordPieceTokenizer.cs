using System.Text;

namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>
/// The tokenizer of BERT models. It finds added tokens first. The text between them is normalized and split into words, and the words into
/// pieces. Then it puts the template's special tokens around the whole text.
/// </summary>
internal sealed class WordPieceTokenizer(
    AddedTokens addedTokens, BertCharacterTable characters, WordPieceModel model, SpecialTokenTemplate template) : ITokenizer
{
    private const int IdsOnStack = 256;

    public int VocabularySize => Names.Length;

    /// <summary>The tokens by their ids.</summary>
    public required string[] Names { get; init; }

    /// <summary>Makes text of tokens; null where the file's is of a kind that is not known.</summary>
    public required WordPieceDecoder? Decoder { get; init; }

    public required int PadId { get; init; }

    /// <summary>The special tokens of a pair; null if the file has no known template for pairs.</summary>
    public PairTemplate? Pair { get; init; }

    public int SpecialTokensPerText => template.Count;

    public int[] Encode(ReadOnlySpan<char> text, bool parseSpecialTokens = true, int stopAbove = int.MaxValue)
    {
        var words = new BertWordReader(characters, model, stackalloc char[BertWordReader.WordCapacity(model)]);
        var ids = new TokenIds(stackalloc int[IdsOnStack], stopAbove);
        try
        {
            ids.Add(template.Before);

            int textStart = 0;
            int searchFrom = 0;
            while (!ids.IsFull
                && addedTokens.TryFind(text, textStart, ref searchFrom, parseSpecialTokens, out (int Id, int Start, int End) token))
            {
                if (token.Start > textStart)
                    words.Read(text[textStart..token.Start], ref ids);
                if (!ids.IsFull)
                    ids.Add(token.Id);
                textStart = token.End;
            }

            if (!ids.IsFull)
                words.Read(text[textStart..], ref ids);
            ids.Add(template.After);
            return ids.ToArray();
        }
        finally
        {
            ids.Dispose();
        }
    }

    public int SpecialTokensPerPair => Pair?.Count ?? 0;

    public (int[] Ids, int SecondAt) EncodePair(
        ReadOnlySpan<char> first, ReadOnlySpan<char> second, int maxTokens, int stopAbove = int.MaxValue)
    {
        if (Pair is not { } pair) throw new InvalidOperationException("The tokenizer takes no pairs of texts.");
        return pair.Around(
            template.Inside(Encode(first, stopAbove: stopAbove)), template.Inside(Encode(second, stopAbove: stopAbove)), maxTokens);
    }

    public int[] AddSpecialTokens(ReadOnlySpan<int> plainIds, int maxTokens = int.MaxValue) => template.Around(plainIds, maxTokens);

    public int[] Truncate(int[] ids, int maxTokens) => template.Truncate(ids, maxTokens);

    public ReadOnlySpan<int> WithoutSpecialTokens(int[] ids) => template.Inside(ids);

    public string NameOf(int id) => Names[id];

    public string? Decode(ReadOnlySpan<int> ids)
    {
        if (Decoder is not { } decoder) return null;

        var text = new StringBuilder();
        foreach (int id in ids)
            decoder.Append(Names[id], text);
        return text.ToString();
    }
}
