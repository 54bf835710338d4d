namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>Settings for choosing the tokens of a row. Ranges are checked when a request is submitted.</summary>
internal sealed record SamplingSettings
{
    /// <summary>Most of the likeliest tokens that are reported beside the chosen one.</summary>
    public const int MaxTopLogProbabilities = 20;

    /// <summary>A lower temperature counts as 0, because the quotients would exceed the range of floats.</summary>
    public const float LeastTemperature = 1e-3f;

    /// <summary>Settings that always choose the likeliest token.</summary>
    public static SamplingSettings Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Divides the logits; 0 takes the likeliest token. Default 1, 0 to 100.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Keeps the likeliest tokens until they have this much of the probability. Default 1, 0 to 1.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps this many of the likeliest tokens; 0 keeps all. Default 0, 0 or more.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the tokens that have this part of the likeliest one's probability. Default 0, 0 to 1.</summary>
    public float MinP { get; init; }

    /// <summary>
    /// The draws depend only on it, on <see cref="Choice"/> and on the token's position. Without a caller's seed one is chosen, which stays
    /// with the job, so a worker that continues the job draws the same tokens.
    /// </summary>
    public ulong Seed { get; init; }

    /// <summary>The index of the choice within its request, from 0.</summary>
    public int Choice { get; init; }

    /// <summary>Subtracted from the logit of every token that was generated. Default 0, -100 to 100.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from the logit of a token for each time that it was generated. Default 0, -100 to 100.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>
    /// Divides positive logits of the prompt's and the generated tokens, and multiplies negative ones. Default 1, 0.01 to 100.
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Added to the logits of single tokens. Default none; each -1,000 to 1,000.</summary>
    public IReadOnlyList<TokenBias> LogitBias { get; init; } = [];

    /// <summary>
    /// Whether the chosen token's log-probability is reported. It is that of the model itself, before penalties and temperature.
    /// </summary>
    public bool LogProbabilities { get; init; }

    /// <summary>How many of the likeliest tokens are reported with each token. Default 0, 0 to 20.</summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>Whether tokens that end a text are tokens like all others. Default false.</summary>
    public bool IgnoreEnd { get; init; }

    /// <summary>Least tokens before the text may end. Default 0.</summary>
    public int MinNewTokens { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Check(int vocabularySize)
    {
        InRange(Temperature, 0, 100, nameof(Temperature));
        InRange(TopP, 0, 1, nameof(TopP));
        InRange(TopK, 0, int.MaxValue, nameof(TopK));
        InRange(MinP, 0, 1, nameof(MinP));
        InRange(Choice, 0, int.MaxValue, nameof(Choice));
        InRange(PresencePenalty, -100, 100, nameof(PresencePenalty));
        InRange(FrequencyPenalty, -100, 100, nameof(FrequencyPenalty));
        InRange(RepetitionPenalty, 0.01f, 100, nameof(RepetitionPenalty));
        InRange(TopLogProbabilities, 0, MaxTopLogProbabilities, nameof(TopLogProbabilities));
        InRange(MinNewTokens, 0, int.MaxValue, nameof(MinNewTokens));
        foreach (var (token, bias) in LogitBias)
        {
            InRange(token, 0, vocabularySize - 1, $"{nameof(LogitBias)}.{nameof(TokenBias.Token)}");
            InRange(bias, -1_000, 1_000, $"{nameof(LogitBias)}.{nameof(TokenBias.Bias)}");
        }
    }

    private static void InRange<T>(T value, T least, T most, string name)
        where T : struct, IComparable<T>
    {
        // NaN compares as smaller than every number.
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it must be {least} to {most}.");
    }
}

/// <summary>A value that is added to a token's logit.</summary>
internal readonly record struct TokenBias(int Token, float Bias);
