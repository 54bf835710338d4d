using System.Numerics.Tensors;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>Pools the states of a row's tokens into one vector.</summary>
internal static class Pooling
{
    /// <summary>A vector with a smaller norm is not normalized, as in sentence-transformers.</summary>
    private const float LeastNorm = 1e-12f;

    /// <param name="states"><c>[tokens or more, pooled.Length]</c>: the states of one row.</param>
    /// <param name="tokens">Tokens without padding, 1 or more.</param>
    /// <param name="kind">The kind of pooling.</param>
    /// <param name="pooled">Gets the vector.</param>
    public static void Pool(ReadOnlySpan<float> states, int tokens, PoolingKind kind, Span<float> pooled)
    {
        states[..pooled.Length].CopyTo(pooled);
        if (kind == PoolingKind.Cls) return;

        for (var token = 1; token < tokens; token++)
            TensorPrimitives.Add(pooled, states.Slice(token * pooled.Length, pooled.Length), pooled);
        TensorPrimitives.Multiply(pooled, 1f / tokens, pooled);
    }

    /// <summary>Normalizes a vector to length 1; a zero vector stays. False when it has NaN or infinity.</summary>
    public static bool TryNormalize(Span<float> vector)
    {
        var norm = TensorPrimitives.Norm<float>(vector);
        if (!float.IsFinite(norm)) return false;

        TensorPrimitives.Divide(vector, MathF.Max(norm, LeastNorm), vector);
        return true;
    }

    public static bool IsFinite(ReadOnlySpan<float> vector) => float.IsFinite(TensorPrimitives.SumOfMagnitudes(vector));
}
