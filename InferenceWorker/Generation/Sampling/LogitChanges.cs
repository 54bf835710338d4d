using System.Numerics;

namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// Changes a row's logits by its settings before a token is chosen: penalties for earlier tokens, bias, and forbidden tokens.
/// </summary>
internal sealed class LogitChanges
{
    /// <summary>The largest initial capacity of a dictionary.</summary>
    private const int MaxExpectedTokens = 4_096;

    private readonly SamplingSettings _settings;
    private readonly ITokenConstraint? _constraint;
    private readonly IReadOnlyList<int> _endTokens;
    private readonly TokenBias[] _bias;

    /// <summary>How often each token was generated; 0 for tokens that are only in the prompt. Null if there are no penalties.</summary>
    private readonly Dictionary<int, int>? _seen;

    public LogitChanges(
        SamplingSettings settings, ITokenConstraint? constraint, IReadOnlyList<int> endTokens, ReadOnlySpan<int> prompt, int maxNewTokens)
    {
        (_settings, _constraint, _endTokens, _bias) = (settings, constraint, endTokens, [.. settings.LogitBias]);
        var repeats = settings.RepetitionPenalty != 1;
        if (!repeats && settings.PresencePenalty == 0 && settings.FrequencyPenalty == 0) return;

        _seen = new Dictionary<int, int>(Math.Min(MaxExpectedTokens, (repeats ? prompt.Length : 0) + maxNewTokens));
        if (!repeats) return;
        foreach (var token in prompt) _seen.TryAdd(token, 0);
    }

    /// <summary>Whether the logits at a position are not changed.</summary>
    public bool IsNone(int position) =>
        _seen is null && _bias.Length == 0 && _constraint is null && position >= _settings.MinNewTokens;

    /// <summary>Whether the only change is that tokens are forbidden.</summary>
    public bool OnlyForbids => _seen is null && _bias.Length == 0;

    /// <summary>Counts a token that this engine or an earlier one generated.</summary>
    public void Count(int token)
    {
        if (_seen is null) return;
        _seen.TryGetValue(token, out var count);
        _seen[token] = count + 1;
    }

    /// <summary>Changes the logits for the token at a position.</summary>
    public void Apply(Span<float> logits, int position)
    {
        if (_seen is not null) Penalize(logits);
        foreach (var (token, bias) in _bias) logits[token] += bias;
        if (_constraint is not null && _constraint.Mask is { IsEmpty: false } mask) Mask(logits, mask);
        if (position >= _settings.MinNewTokens) return;
        foreach (var token in _endTokens) logits[token] = float.NegativeInfinity;
    }

    /// <summary>Takes the tokens from a mask that are forbidden at a position: bit <c>i % 8</c> of number <c>i / 8</c> is token
    /// <c>i</c>.</summary>
    public void Forbid(Span<int> mask, int position)
    {
        if (_constraint is not null && _constraint.Mask is { IsEmpty: false } words)
        {
            for (var i = 0; i < mask.Length; i++)
                mask[i] &= i / sizeof(ulong) < words.Length ? (byte)(words[i / sizeof(ulong)] >> (i % sizeof(ulong) * 8)) : 0;
        }

        if (position >= _settings.MinNewTokens) return;
        foreach (var token in _endTokens) mask[token / 8] &= ~(1 << token % 8);
    }

    private void Penalize(Span<float> logits)
    {
        var (repetition, presence, frequency) =
            (_settings.RepetitionPenalty, _settings.PresencePenalty, _settings.FrequencyPenalty);
        foreach (var (token, count) in _seen!)
        {
            var logit = logits[token];
            if (repetition != 1) logit = logit > 0 ? logit / repetition : logit * repetition;
            if (count > 0) logit -= presence + frequency * count;
            logits[token] = logit;
        }
    }

    private static void Mask(Span<float> logits, ReadOnlySpan<ulong> mask)
    {
        for (var start = 0; start < logits.Length; start += 64)
        {
            var word = start / 64 < mask.Length ? mask[start / 64] : 0;
            var block = logits.Slice(start, Math.Min(64, logits.Length - start));
            if (word == 0) block.Fill(float.NegativeInfinity);
            for (var forbidden = word == 0 ? 0 : ~word; forbidden != 0; forbidden &= forbidden - 1)
            {
                var bit = BitOperations.TrailingZeroCount(forbidden);
                if (bit >= block.Length) break;
                block[bit] = float.NegativeInfinity;
            }
        }
    }
}
