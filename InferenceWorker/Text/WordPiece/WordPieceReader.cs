namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>Builds a <see cref="WordPieceTokenizer"/> from its file, field by field, and refuses unknown fields and values.</summary>
internal static class WordPieceReader
{
    public const string ModelType = "WordPiece";

    private const string PadToken = "[PAD]";

    public static WordPieceTokenizer Read(TokenizerField file)
    {
        TokenizerField model = file.Required("model");
        Dictionary<string, int> vocabulary = VocabularyReader.ReadVocabulary(model.Required("vocab"));
        WordPieceModel pieces = ReadModel(model, vocabulary);
        List<AddedToken> added = VocabularyReader.ReadAddedTokens(file.Required("added_tokens"), vocabulary);

        TokenizerField preTokenizer = file.Required("pre_tokenizer");
        preTokenizer.AllowOnly("type");
        preTokenizer.Required("type").MustBe("BertPreTokenizer");

        return new WordPieceTokenizer(
            new AddedTokens(added),
            new BertCharacterTable(ReadNormalizer(file.Required("normalizer"))),
            pieces,
            TemplateReader.Read(file.Required("post_processor"), vocabulary))
        {
            Names = NamesOf(vocabulary),
            Decoder = ReadDecoder(file.Optional("decoder")),
            Pair = TemplateReader.ReadPair(file.Required("post_processor"), vocabulary),
            PadId = vocabulary.GetValueOrDefault(PadToken), // without one any id serves, for padded positions are masked
        };
    }

    private static string[] NamesOf(Dictionary<string, int> vocabulary)
    {
        var names = new string[vocabulary.Count];
        foreach ((string token, int id) in vocabulary)
            names[id] = token;
        return names;
    }

    /// <summary>One that is not known is no reason to refuse the file: it has no part in encoding.</summary>
    private static WordPieceDecoder? ReadDecoder(TokenizerField? field)
    {
        if (field is not { } decoder)
            return new WordPieceDecoder(Prefix: null, CleansUp: false);
        return decoder.Required("type").Text() == ModelType
            ? new WordPieceDecoder(decoder.Required("prefix").Text(), decoder.Required("cleanup").Flag()) : null;
    }

    private static WordPieceModel ReadModel(TokenizerField model, Dictionary<string, int> vocabulary)
    {
        model.AllowOnly("type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word");
        TokenizerField unknown = model.Required("unk_token");
        if (!vocabulary.TryGetValue(unknown.Text(), out int unknownId))
            throw unknown.Refuse($"is {unknown.Shown}, which is not in model.vocab");

        return new WordPieceModel(
            vocabulary,
            model.Required("continuing_subword_prefix").Text(),
            unknownId,
            model.Required("max_input_chars_per_word").Number(1, WordPieceModel.MostCharactersPerWord));
    }

    private static BertNormalization ReadNormalizer(TokenizerField normalizer)
    {
        normalizer.Required("type").MustBe("BertNormalizer");
        normalizer.AllowOnly("type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
        bool lowercases = normalizer.Required("lowercase").Flag();
        return new BertNormalization
        {
            CleansText = normalizer.Required("clean_text").Flag(),
            IsolatesIdeographs = normalizer.Required("handle_chinese_chars").Flag(),
            StripsAccents = normalizer.Optional("strip_accents")?.Flag() ?? lowercases,
            Lowercases = lowercases,
        };
    }
}
