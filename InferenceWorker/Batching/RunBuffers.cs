namespace AiPlatform.InferenceWorker.Batching;

/// <summary>Memory for the inputs and outputs of one run at a time, made once and pinned; each device thread has its own.</summary>
/// <param name="maxTokens">Most tokens of a run, padding included.</param>
/// <param name="maxNumbers">Most numbers that a run gives.</param>
internal sealed class RunBuffers(int maxTokens, int maxNumbers)
{
    /// <summary>Buffers for the runs of a model.</summary>
    public static RunBuffers For(IRowSession session, int maxTokens) => new(maxTokens, session.NumbersOf(maxTokens));

    /// <summary>Token ids, <c>[rows, longest]</c> at the front, as the others.</summary>
    public long[] Ids { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>1 for a token, 0 for padding.</summary>
    public long[] Mask { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>1 for a token of a pair's second text, else 0.</summary>
    public long[] Types { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>What the model gave.</summary>
    public float[] Numbers { get; } = GC.AllocateArray<float>(maxNumbers, pinned: true);
}
