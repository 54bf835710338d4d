namespace AiPlatform.InferenceWorker.Text;

/// <summary>
/// Reads a <c>TemplateProcessing</c> post-processor's template for one text; the one for two texts (<c>pair</c>) is left aside,
/// for no pairs are encoded.
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
