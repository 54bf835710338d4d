using System.Numerics;
using System.Numerics.Tensors;

namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// Chooses tokens from logits. It has the working memory for one row and allocates nothing. The engine's thread uses one sampler for all
/// rows.
/// </summary>
internal sealed class TokenSampler(int vocabularySize)
{
    private const int BlockLength = 1_024;

    /// <summary>
    /// Thresholds, relative to the weight of the likeliest token, that are tried one after the other. The first threshold with enough
    /// tokens above it has only few too many, and trying thresholds is far cheaper than selecting among all tokens.
    /// </summary>
    private static readonly float[] Thresholds = [1e-2f, 1e-3f, 1e-4f, 1e-5f, 1e-6f, 1e-8f, 1e-10f, 1e-15f, float.Epsilon];

    private readonly float[] _weights = new float[vocabularySize];
    private readonly float[] _model = new float[vocabularySize];
    private readonly double[] _blocks = new double[(vocabularySize + BlockLength - 1) / BlockLength];
    private readonly TokenLogProbability[] _top = new TokenLogProbability[SamplingSettings.MaxTopLogProbabilities];
    private readonly Candidates _candidates = new(vocabularySize);
    private int _topCount;

    /// <summary>The likeliest tokens at the last choice, the likeliest first; as many as its settings requested.</summary>
    public ReadOnlySpan<TokenLogProbability> Top => _top.AsSpan(0, _topCount);

    /// <summary>Chooses the token at a position of a row. The logits are changed.</summary>
    public TokenChoice Choose(Span<float> logits, SamplingSettings settings, LogitChanges changes, int position)
    {
        // If there is a NaN, it counts as the largest.
        var best = TensorPrimitives.IndexOfMax<float>(logits);
        if (!float.IsFinite(logits[best])) return TokenChoice.NotFinite;

        _topCount = 0;
        var normalizer = settings.LogProbabilities ? KeepModel(logits, logits[best], settings.TopLogProbabilities) : 0;
        if (!changes.IsNone(position))
        {
            changes.Apply(logits, position);
            best = TensorPrimitives.IndexOfMax<float>(logits);
            if (float.IsNegativeInfinity(logits[best])) return TokenChoice.NothingAllowed;
            if (!float.IsFinite(logits[best])) return TokenChoice.NotFinite;
        }

        var token = TakesLikeliest(settings) ? best : Draw(logits, logits[best], settings, position);
        return new TokenChoice(token, settings.LogProbabilities ? _model[token] - normalizer : 0);
    }

    /// <summary>Whether the likeliest tokens suffice for a choice, if there are this many of them.</summary>
    public static bool IsAmong(int count, SamplingSettings settings) =>
        !settings.LogProbabilities && (TakesLikeliest(settings) || (settings.TopK > 0 && settings.TopK <= count));

    /// <summary>Chooses the token at a position of a row among the likeliest ones that are allowed. See <see cref="IsAmong"/>.</summary>
    /// <param name="tokens">The tokens, the likeliest first; equally likely ones in any order.</param>
    /// <param name="logits">
    /// Their logits; for tokens that are not allowed minus infinity, or the least float, with which some kernels pad what they sort.
    /// </param>
    /// <param name="settings">The row's settings.</param>
    /// <param name="position">The position.</param>
    public TokenChoice ChooseAmong(ReadOnlySpan<long> tokens, ReadOnlySpan<float> logits, SamplingSettings settings, int position)
    {
        _topCount = 0;
        if (logits[0] <= float.MinValue) return TokenChoice.NothingAllowed;
        // The logits of a half-precision head are often equal, and devices sort equal ones in an order of their own.
        if (TakesLikeliest(settings)) return new TokenChoice((int)TensorPrimitives.Min(tokens[..(logits.LastIndexOf(logits[0]) + 1)]), 0);

        Span<long> ordered = stackalloc long[tokens.Length];
        tokens.CopyTo(ordered);
        var weights = _weights.AsSpan(0, logits.Length);
        Weigh(logits, logits[0], settings, weights);
        ordered.Sort(weights);
        _candidates.Collect(ordered, weights, settings.MinP > 0 ? settings.MinP : float.Epsilon);
        Keep(settings, _candidates.Sum);
        return new TokenChoice(_candidates.At(TokenDraw.Next(settings.Seed, settings.Choice, position)), 0);
    }

    private static bool TakesLikeliest(SamplingSettings settings) =>
        settings.Temperature < SamplingSettings.LeastTemperature || settings.TopK == 1;

    private static void Weigh(ReadOnlySpan<float> logits, float largest, SamplingSettings settings, Span<float> weights)
    {
        TensorPrimitives.Subtract(logits, largest, weights);
        TensorPrimitives.Multiply<float>(weights, 1 / settings.Temperature, weights);
        TensorPrimitives.Exp<float>(weights, weights);
    }

    private int Draw(ReadOnlySpan<float> logits, float largest, SamplingSettings settings, int position)
    {
        Weigh(logits, largest, settings, _weights);
        var place = TokenDraw.Next(settings.Seed, settings.Choice, position);
        if (settings is { TopK: 0, TopP: 1, MinP: 0 }) return At(place);

        Select(settings);
        return _candidates.At(place);
    }

    /// <summary>
    /// Selects candidates in the same order as other engines: <c>min_p</c>, then <c>top_k</c>, then <c>top_p</c> of the rest.
    /// </summary>
    private void Select(SamplingSettings settings)
    {
        // The total weight after min_p must be known before top_p takes its part of it.
        var total = settings.MinP > 0 ? double.PositiveInfinity : TotalWeight();
        foreach (var threshold in Thresholds)
        {
            var least = settings.MinP > 0 ? settings.MinP : threshold;
            _candidates.Collect(_weights, least);
            if (settings.MinP > 0) break;
            if (settings.TopK > 0 ? _candidates.Count >= settings.TopK : _candidates.Sum >= settings.TopP * total) break;
        }

        Keep(settings, total);
    }

    private void Keep(SamplingSettings settings, double total)
    {
        if (settings.TopK > 0) _candidates.KeepCount(settings.TopK);
        if (settings.TopP < 1)
            _candidates.KeepWeight(settings.TopP * (settings.TopK > 0 || settings.MinP > 0 ? _candidates.Sum : total));
    }

    private double TotalWeight()
    {
        var total = 0.0;
        for (var i = 0; i < _blocks.Length; i++)
        {
            var start = i * BlockLength;
            total += _blocks[i] = TensorPrimitives.Sum<float>(_weights.AsSpan(start, Math.Min(BlockLength, _weights.Length - start)));
        }

        return total;
    }

    /// <summary>The token at a place between 0 and 1 in the sequence of all weights.</summary>
    private int At(double place)
    {
        var left = place * TotalWeight();
        var block = 0;
        while (block < _blocks.Length - 1 && left >= _blocks[block]) left -= _blocks[block++];
        var last = -1;
        for (var token = block * BlockLength; token < _weights.Length; token++)
        {
            if (_weights[token] == 0) continue;
            last = token;
            left -= _weights[token];
            if (left < 0) return token;
        }

        // Rounding may leave a rest after the last token.
        return last >= 0 ? last : TensorPrimitives.IndexOfMax<float>(_weights);
    }

    /// <summary>Keeps the unchanged logits of the model and their likeliest tokens.</summary>
    /// <returns>The logarithm of the sum, which turns logits into log-probabilities.</returns>
    private float KeepModel(ReadOnlySpan<float> logits, float largest, int count)
    {
        logits.CopyTo(_model);
        TensorPrimitives.Subtract(logits, largest, _weights);
        TensorPrimitives.Exp<float>(_weights, _weights);
        var normalizer = largest + (float)Math.Log(TotalWeight());
        if (count == 0) return normalizer;

        for (var i = 0; i < logits.Length; i++)
        {
            if (_topCount == count && i + Vector<float>.Count <= logits.Length
                && !Vector.GreaterThanAny(new Vector<float>(logits[i..]), new Vector<float>(_top[count - 1].LogProbability)))
            {
                i += Vector<float>.Count - 1;
                continue;
            }

            Insert(i, logits[i], count);
        }

        foreach (ref var one in _top.AsSpan(0, _topCount)) one = one with { LogProbability = one.LogProbability - normalizer };
        return normalizer;
    }

    private void Insert(int token, float logit, int count)
    {
        if (_topCount == count && !(logit > _top[count - 1].LogProbability)) return;
        var place = _topCount < count ? _topCount++ : count - 1;
        for (; place > 0 && _top[place - 1].LogProbability < logit; place--) _top[place] = _top[place - 1];
        _top[place] = new TokenLogProbability(token, logit);
    }
}

/// <summary>A token with the logarithm of its probability.</summary>
internal readonly record struct TokenLogProbability(int Token, float LogProbability);

/// <summary>The result of a choice.</summary>
/// <param name="Token">The token, or a negative number for the reason why there is none.</param>
/// <param name="LogProbability">The logarithm of its probability if the settings request it; else 0.</param>
internal readonly record struct TokenChoice(int Token, float LogProbability)
{
    /// <summary>The logits have a NaN or infinity.</summary>
    public static TokenChoice NotFinite { get; } = new(-1, 0);

    /// <summary>Bias or the constraint allow no token.</summary>
    public static TokenChoice NothingAllowed { get; } = new(-2, 0);

    public bool IsToken => Token >= 0;
}
