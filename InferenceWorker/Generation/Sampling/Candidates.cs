using System.Numerics;
using System.Runtime.CompilerServices;

namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// The tokens that may still be drawn, in the order of their ids. Each is one key, with the bits of its weight above those of its id. So
/// larger keys are likelier tokens, equally likely tokens are in the order of their ids, and no two keys are equal.
/// </summary>
internal sealed class Candidates(int vocabularySize)
{
    /// <summary>Fewer keys than this are sorted, which is faster than further halving.</summary>
    private const int FewKeys = 64;

    /// <summary>After this many halvings the rest is sorted, which bounds the work for any logits.</summary>
    private const int MaxRounds = 64;

    private readonly ulong[] _keys = new ulong[vocabularySize];
    private readonly ulong[] _scratch = new ulong[vocabularySize];
    private int _count;

    public int Count => _count;

    /// <summary>The sum of the candidates' weights.</summary>
    public double Sum { get; private set; }

    /// <summary>Takes the tokens with at least this weight.</summary>
    /// <param name="weights">The weights of all tokens, none negative.</param>
    /// <param name="least">The least weight, more than 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Collect(ReadOnlySpan<float> weights, float least)
    {
        (_count, Sum) = (0, 0);
        var threshold = new Vector<float>(least);
        var i = 0;
        for (; i + Vector<float>.Count <= weights.Length; i += Vector<float>.Count)
        {
            // Nearly all blocks have no such token.
            if (!Vector.GreaterThanOrEqualAny(new Vector<float>(weights[i..]), threshold)) continue;
            for (var lane = i; lane < i + Vector<float>.Count; lane++) AddIfLikely(lane, weights[lane], least);
        }

        for (; i < weights.Length; i++) AddIfLikely(i, weights[i], least);
    }

    /// <summary>Takes those of some tokens that have at least this weight. The tokens are in the order of their ids.</summary>
    public void Collect(ReadOnlySpan<long> tokens, ReadOnlySpan<float> weights, float least)
    {
        (_count, Sum) = (0, 0);
        for (var i = 0; i < tokens.Length; i++) AddIfLikely((int)tokens[i], weights[i], least);
    }

    /// <summary>Keeps the likeliest tokens, at most this many.</summary>
    public void KeepCount(int count)
    {
        if (count < _count) KeepFrom(Cut(Scratch(), count, byWeight: false));
    }

    /// <summary>Keeps the likeliest tokens that together have this weight; at least one.</summary>
    public void KeepWeight(double weight) => KeepFrom(Cut(Scratch(), weight, byWeight: true));

    /// <summary>The token at a place between 0 and 1 in the sequence of all weights.</summary>
    public int At(double place)
    {
        var left = place * Sum;
        for (var i = 0; i < _count; i++)
        {
            left -= WeightOf(_keys[i]);
            if (left < 0) return TokenOf(_keys[i]);
        }

        return TokenOf(_keys[_count - 1]);
    }

    private void AddIfLikely(int token, float weight, float least)
    {
        if (!(weight >= least)) return;
        _keys[_count++] = (ulong)BitConverter.SingleToUInt32Bits(weight) << 32 | ~(uint)token;
        Sum += weight;
    }

    private Span<ulong> Scratch()
    {
        _keys.AsSpan(0, _count).CopyTo(_scratch);
        return _scratch.AsSpan(0, _count);
    }

    private void KeepFrom(ulong least)
    {
        var (kept, sum) = (0, 0.0);
        for (var i = 0; i < _count; i++)
        {
            if (_keys[i] < least) continue;
            sum += WeightOf(_keys[i]);
            _keys[kept++] = _keys[i];
        }

        (_count, Sum) = (kept, sum);
    }

    /// <summary>
    /// The smallest of the largest keys that together reach a target. It is found by halving, so that only a few keys are sorted in the
    /// end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Cut(Span<ulong> keys, double target, bool byWeight)
    {
        for (var round = 0; keys.Length > FewKeys && round < MaxRounds; round++)
        {
            var pivot = Median(keys[0], keys[keys.Length / 2], keys[^1]);
            var (larger, measure) = (0, 0.0);
            for (var i = 0; i < keys.Length; i++)
            {
                if (keys[i] < pivot) continue;
                measure += byWeight ? WeightOf(keys[i]) : 1;
                (keys[i], keys[larger]) = (keys[larger], keys[i]);
                larger++;
            }

            if (measure >= target)
            {
                keys = keys[..larger];
            }
            else
            {
                target -= measure;
                keys = keys[larger..];
            }
        }

        keys.Sort();
        for (var i = keys.Length - 1; i > 0; i--)
        {
            target -= byWeight ? WeightOf(keys[i]) : 1;
            if (target <= 0) return keys[i];
        }

        return keys[0];
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));

    private static float WeightOf(ulong key) => BitConverter.UInt32BitsToSingle((uint)(key >> 32));

    private static int TokenOf(ulong key) => (int)~(uint)key;
}
