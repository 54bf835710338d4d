using System.Text.RegularExpressions;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>Reads how a text is split into words: the patterns in order, each of which splits the pieces of the one before.</summary>
internal static class PreTokenizerReader
{
    private const int MostSteps = 8;

    public static List<Regex> Read(TokenizerField file)
    {
        TokenizerField root = file.Required("pre_tokenizer");
        TokenizerField type = root.Required("type");
        if (type.Text() != "Sequence")
            return ReadSteps([root]);

        root.AllowOnly("type", "pretokenizers");
        TokenizerField items = root.Required("pretokenizers");
        List<TokenizerField> steps = items.Items();
        if (steps.Count is 0 or > MostSteps)
            throw items.Refuse($"has {steps.Count} steps; expected 1 to {MostSteps}");
        return ReadSteps(steps);
    }

    private static List<Regex> ReadSteps(List<TokenizerField> steps)
    {
        var splits = new List<Regex>();
        for (int i = 0; i < steps.Count; i++)
        {
            TokenizerField step = steps[i];
            TokenizerField type = step.Required("type");
            bool isByteLevel = type.Text() == "ByteLevel";
            if (isByteLevel != (i == steps.Count - 1))
                throw type.Refuse($"is {type.Shown}; the last step, and only that, must be ByteLevel");

            Regex? split = type.Text() switch
            {
                "ByteLevel" => ReadByteLevel(step),
                "Digits" => ReadDigits(step),
                "Split" => ReadSplit(step),
                _ => throw type.Refuse($"is {type.Shown}; known are Sequence, ByteLevel, Split and Digits"),
            };
            if (split is not null)
                splits.Add(split);
        }

        return splits;
    }

    private static Regex? ReadByteLevel(TokenizerField step)
    {
        step.AllowOnly("type", "add_prefix_space", "trim_offsets", "use_regex");
        step.Required("add_prefix_space").MustBe(false);
        return step.Optional("use_regex")?.Flag() is false ? null : WordPatterns.Gpt2;
    }

    private static Regex ReadDigits(TokenizerField step)
    {
        step.AllowOnly("type", "individual_digits");
        return step.Required("individual_digits").Flag() ? WordPatterns.Digit : WordPatterns.Digits;
    }

    private static Regex ReadSplit(TokenizerField step)
    {
        step.AllowOnly("type", "pattern", "behavior", "invert");
        TokenizerField pattern = step.Required("pattern");
        pattern.AllowOnly("Regex");
        TokenizerField text = pattern.Required("Regex");
        if (!WordPatterns.TryFind(text.Text(), out Regex? split))
            throw text.Refuse($"is {text.Shown}, which is none of the known patterns (GPT-2, Llama 3, Qwen 2, Mistral-Nemo, GPT-4o)");

        TokenizerField behavior = step.Required("behavior");
        bool isInverted = step.Required("invert").Flag();
        bool keepsAll = behavior.Text() == "Isolated" || (behavior.Text() == "Removed" && isInverted && WordPatterns.TakesAll(split));
        return keepsAll ? split : throw behavior.Refuse($"is {behavior.Shown}; only \"Isolated\" is known for this pattern");
    }
}
