using System.Text.RegularExpressions;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>The parts of a byte-level BPE tokenizer.</summary>
/// <param name="Vocabulary">Token to id, added tokens included.</param>
/// <param name="Added">The added tokens.</param>
/// <param name="Normalizer">The normalizer that is applied to a text first, or null.</param>
/// <param name="Splits">The patterns that split a text into words; each splits the pieces of the one before.</param>
/// <param name="Model">Encodes a word.</param>
/// <param name="Template">The ids around a text that is not a chat.</param>
internal sealed record BpeParts(
    Dictionary<string, int> Vocabulary,
    List<AddedToken> Added,
    Nfc? Normalizer,
    Regex[] Splits,
    BytePairModel Model,
    SpecialTokenTemplate Template);

/// <summary>Reads a byte-level BPE tokenizer from its file, field by field, and refuses unknown fields and values.</summary>
internal static class BpeReader
{
    public const string ModelType = "BPE";

    public static BpeParts Read(TokenizerField file)
    {
        TokenizerField type = file.Required("model").Required("type");
        if (type.Text() != ModelType)
            throw type.Refuse($"is {type.Shown}; a language model's tokenizer must be {ModelType}");
        ReadDecoder(file.Required("decoder"));
        Nfc? normalizer = ReadNormalizer(file);

        TokenizerField model = file.Required("model");
        Dictionary<string, int> vocabulary = VocabularyReader.ReadVocabulary(model.Required("vocab"));
        var words = new Dictionary<string, int>(vocabulary);
        List<AddedToken> added = VocabularyReader.ReadAddedTokens(
            file.Required("added_tokens"), vocabulary, allowsNormalized: normalizer is null);
        return new BpeParts(
            vocabulary,
            added,
            normalizer,
            [.. PreTokenizerReader.Read(file)],
            ReadModel(model, words, added),
            ReadPostProcessor(file.Optional("post_processor"), vocabulary));
    }

    private static BytePairModel ReadModel(TokenizerField model, Dictionary<string, int> words, List<AddedToken> added)
    {
        model.AllowOnly(
            "type", "vocab", "merges", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
            "byte_fallback", "ignore_merges");
        if (model.Optional("dropout") is { } dropout)
            throw dropout.Refuse($"is {dropout.Shown}; only null is known, for ids must not depend on chance");
        model.Optional("continuing_subword_prefix")?.MustBe("");
        model.Optional("end_of_word_suffix")?.MustBe("");
        model.Optional("byte_fallback")?.MustBe(false);
        if (model.Optional("unk_token") is { } unknown && !words.ContainsKey(unknown.Text()))
            throw unknown.Refuse($"is {unknown.Shown}, which is not in model.vocab");

        Dictionary<string, int>? wholeWords = null;
        if (model.Optional("ignore_merges")?.Flag() is true)
        {
            wholeWords = new Dictionary<string, int>(words);
            foreach (AddedToken token in added)
                wholeWords.Remove(token.Content); // a word of a message never becomes one
        }

        return new BytePairModel(words, ReadMerges(model.Required("merges"), words), wholeWords);
    }

    private static List<string> ReadMerges(TokenizerField field, Dictionary<string, int> words)
    {
        List<TokenizerField> items = field.Items();
        var merges = new List<string>(items.Count);
        foreach (TokenizerField item in items)
        {
            string[] pair = item.IsArray ? [.. item.Items().Select(part => part.Text())] : item.Text().Split(' ');
            if (pair.Length != 2 || pair.Any(part => part.Length == 0 || part.Contains(' ')))
                throw item.Refuse($"is {item.Shown}; expected two tokens");
            foreach (string token in (ReadOnlySpan<string>)[.. pair, string.Concat(pair)])
            {
                if (!words.ContainsKey(token))
                    throw item.Refuse($"is {item.Shown}, but '{token}' is not in model.vocab");
            }

            merges.Add($"{pair[0]} {pair[1]}");
        }

        return merges;
    }

    private static Nfc? ReadNormalizer(TokenizerField file)
    {
        if (file.Optional("normalizer") is not { } normalizer)
            return null;

        TokenizerField type = normalizer.Required("type");
        if (type.Text() == "NFC")
        {
            normalizer.AllowOnly("type");
            return Nfc.Instance;
        }

        if (type.Text() != "Sequence")
            throw type.Refuse($"is {type.Shown}; known are NFC and Sequence");
        normalizer.AllowOnly("type", "normalizers");
        List<TokenizerField> items = normalizer.Required("normalizers").Items();
        foreach (TokenizerField item in items)
            item.Required("type").MustBe("NFC");
        return items.Count > 0 ? Nfc.Instance : null;
    }

    private static void ReadDecoder(TokenizerField decoder) => decoder.Required("type").MustBe("ByteLevel");

    private static SpecialTokenTemplate ReadPostProcessor(TokenizerField? field, Dictionary<string, int> vocabulary)
    {
        var none = new SpecialTokenTemplate([], []);
        if (field is not { } processor)
            return none;

        TokenizerField type = processor.Required("type");
        switch (type.Text())
        {
            case "ByteLevel": // says where tokens stand in the text, and adds no ids
                return none;
            case "TemplateProcessing":
                return TemplateReader.Read(processor, vocabulary);
            case "Sequence":
                processor.AllowOnly("type", "processors");
                SpecialTokenTemplate[] templates =
                [
                    .. processor.Required("processors").Items().Select(item => item.Required("type").Text() == "Sequence"
                        ? throw item.Required("type").Refuse("is \"Sequence\" within a Sequence")
                        : ReadPostProcessor(item, vocabulary)),
                ];
                SpecialTokenTemplate[] adding = [.. templates.Where(template => template.Count > 0)];
                return adding.Length <= 1
                    ? adding.FirstOrDefault(none)
                    : throw processor.Required("processors").Refuse("has more than one template");
            default:
                throw type.Refuse($"is {type.Shown}; known are ByteLevel, TemplateProcessing and Sequence");
        }
    }
}
