using System.Numerics.Tensors;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>Makes one vector of a row's token states.</summary>
internal static class Pooling
{
    /// <summary>Below it a vector has no direction; as in sentence-transformers.</summary>
    private const float LeastNorm = 1e-12f;

    /// <param name="states"><c>[tokens or more, pooled.Length]</c>: the states of one row.</param>
    /// <param name="tokens">Tokens without padding, 1 or more.</param>
    /// <param name="kind">How they become one.</param>
    /// <param name="pooled">Where the vector goes.</param>
    public static void Pool(ReadOnlySpan<float> states, int tokens, PoolingKind kind, Span<float> pooled)
    {
        states[..pooled.Length].CopyTo(pooled);
        if (kind == PoolingKind.Cls) return;

        for (var token = 1; token < tokens; token++)
            TensorPrimitives.Add(pooled, states.Slice(token * pooled.Length, pooled.Length), pooled);
        TensorPrimitives.Multiply(pooled, 1f / tokens, pooled);
    }

    /// <summary>Brings a vector to length 1; one of zeros stays. False when it holds NaN or infinity.</summary>
    public static bool TryNormalize(Span<float> vector)
    {
        var norm = TensorPrimitives.Norm<float>(vector);
        if (!float.IsFinite(norm)) return false;

        TensorPrimitives.Divide(vector, MathF.Max(norm, LeastNorm), vector);
        return true;
    }

    public static bool IsFinite(ReadOnlySpan<float> vector) => float.IsFinite(TensorPrimitives.SumOfMagnitudes(vector));
}
