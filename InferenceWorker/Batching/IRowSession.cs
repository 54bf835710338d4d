namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// A model on its device that takes rows of tokens. Any number of threads may run it at once, each with buffers of its own.
/// </summary>
internal interface IRowSession : IDisposable
{
    /// <summary>Most numbers that a run of so many tokens, padding included, gives.</summary>
    int NumbersOf(int tokens);

    /// <summary>Computes a batch; throws when the model fails.</summary>
    /// <param name="rows">Together within the buffers.</param>
    /// <param name="buffers">Used by no other thread until the numbers were read.</param>
    /// <returns>
    /// As many numbers for each row as for the others, <c>[rows, …]</c>; those of padding are undefined. Valid until the buffers' next
    /// run.
    /// </returns>
    ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows, RunBuffers buffers);
}

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
