namespace AiPlatform.InferenceWorker.Text;

/// <summary>
/// Reads a <c>TemplateProcessing</c> post-processor's templates for one text and for two. The template for one text must have a known form.
/// If the template for two texts (<c>pair</c>) has not, the tokenizer does not support pairs.
/// </summary>
internal static class TemplateReader
{
    public static SpecialTokenTemplate Read(TokenizerField processor, Dictionary<string, int> vocabulary)
    {
        processor.Required("type").MustBe("TemplateProcessing");
        processor.AllowOnly("type", "single", "pair", "special_tokens");
        TokenizerField specialTokens = processor.Required("special_tokens");
        TokenizerField single = processor.Required("single");

        var before = new List<int>();
        var after = new List<int>();
        bool isAfterText = false;
        foreach (TokenizerField piece in single.Items())
        {
            (string kind, TokenizerField value) = piece.Only();
            value.AllowOnly("id", "type_id");
            value.Required("type_id").Number(0, 0);

            if (kind == "SpecialToken")
            {
                (isAfterText ? after : before).AddRange(ReadSpecialToken(value.Required("id"), specialTokens, vocabulary));
            }
            else if (kind == "Sequence" && !isAfterText)
            {
                value.Required("id").MustBe("A");
                isAfterText = true;
            }
            else
            {
                throw piece.Refuse($"is {piece.Shown}; expected special tokens and the sequence A once");
            }
        }

        return isAfterText ? new SpecialTokenTemplate([.. before], [.. after]) : throw single.Refuse("has no sequence A");
    }

    /// <summary>
    /// Reads the template for two texts, if it has BERT's form: the first text once, then the second once, with type 1 from the second text
    /// on and type 0 before. Null for any other form.
    /// </summary>
    public static PairTemplate? ReadPair(TokenizerField processor, Dictionary<string, int> vocabulary)
    {
        if (processor.Optional("pair") is not { } pair) return null;

        List<int>[] parts = [[], [], []];
        var texts = 0;
        try
        {
            foreach (TokenizerField piece in pair.Items())
            {
                (string kind, TokenizerField value) = piece.Only();
                bool isText = kind == "Sequence";
                if (isText && (texts == 2 || value.Required("id").Text() != (texts == 0 ? "A" : "B"))) return null;
                texts += isText ? 1 : 0;
                int type = texts == 2 ? 1 : 0;
                value.Required("type_id").Number(type, type);
                if (!isText)
                    parts[texts].AddRange(ReadSpecialToken(value.Required("id"), processor.Required("special_tokens"), vocabulary));
            }
        }
        catch (TokenizerFormatException)
        {
            // The form is unknown; single texts can be encoded nevertheless.
            return null;
        }

        return texts == 2 ? new PairTemplate([.. parts[0]], [.. parts[1]], [.. parts[2]]) : null;
    }

    private static List<int> ReadSpecialToken(TokenizerField name, TokenizerField specialTokens, Dictionary<string, int> vocabulary)
    {
        TokenizerField token = specialTokens.Optional(name.Text())
            ?? throw name.Refuse($"is {name.Shown}, which special_tokens does not define");
        token.AllowOnly("id", "ids", "tokens");
        token.Required("id").MustBe(name.Text());

        List<TokenizerField> ids = token.Required("ids").Items();
        List<TokenizerField> tokens = token.Required("tokens").Items();
        if (ids.Count == 0 || ids.Count != tokens.Count)
            throw token.Refuse($"has {ids.Count} ids and {tokens.Count} tokens; expected as many of both, at least one");

        for (int i = 0; i < ids.Count; i++)
        {
            if (!vocabulary.TryGetValue(tokens[i].Text(), out int id))
                throw tokens[i].Refuse($"is {tokens[i].Shown}, which is not in the vocabulary");
            ids[i].Number(id, id);
        }

        return [.. ids.Select(id => id.Number(0, vocabulary.Count - 1))];
    }
}
