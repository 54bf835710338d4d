using AiPlatform.InferenceWorker.Batching;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>Pools the states of a row's tokens into one vector.</summary>
internal sealed class PooledOutput(EmbeddingManifest manifest) : IRowOutput
{
    private readonly float[] _pooled = new float[manifest.Dimensions];

    public string What => "a vector";

    public bool TryWrite(ReadOnlySpan<float> numbers, WaitingRow row)
    {
        Pooling.Pool(numbers, row.Length, manifest.Pooling, _pooled);
        if (!Pooling.IsFinite(_pooled)) return false;

        var vector = ((EmbeddingRun)row.Request).VectorOf(row.Index);
        _pooled.AsSpan(0, vector.Length).CopyTo(vector);
        return !(manifest.Normalize || vector.Length < _pooled.Length) || Pooling.TryNormalize(vector);
    }
}
