namespace AiPlatform.InferenceWorker.Batching;

/// <summary>Memory for the inputs and outputs of one run at a time, made once and pinned; each device thread has its own.</summary>
/// <param name="maxTokens">Most tokens of a run, padding included.</param>
/// <param name="hiddenSize">Length of a token's state.</param>
internal sealed class RunBuffers(int maxTokens, int hiddenSize)
{
    /// <summary>Token ids, <c>[rows, longest]</c> at the front, as the others.</summary>
    public long[] Ids { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>1 for a token, 0 for padding.</summary>
    public long[] Mask { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>All 0: one text a row.</summary>
    public long[] Types { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary><c>[rows, longest, hidden]</c>.</summary>
    public float[] States { get; } = GC.AllocateArray<float>(checked(maxTokens * hiddenSize), pinned: true);
}
