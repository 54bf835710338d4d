namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// A model on its device that computes rows of tokens. Any number of threads may run it at once, each with its own buffers.
/// </summary>
internal interface IRowSession : IDisposable
{
    /// <summary>Most output numbers of a run with this many tokens, padding included.</summary>
    int NumbersOf(int tokens);

    /// <summary>Computes a batch; throws when the model fails.</summary>
    /// <param name="rows">The rows, which must fit into the buffers.</param>
    /// <param name="buffers">The buffers, which no other thread may use until the numbers have been read.</param>
    /// <returns>
    /// The same number of outputs for each row, <c>[rows, …]</c>; those of padding are undefined. They are valid until the next run with
    /// these buffers.
    /// </returns>
    ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows, RunBuffers buffers);
}

/// <summary>
/// Memory for the inputs and outputs of one run at a time, which is allocated once and pinned. Each device thread has its own buffers.
/// </summary>
/// <param name="maxTokens">Most tokens of a run, padding included.</param>
/// <param name="maxNumbers">Most output numbers of a run.</param>
internal sealed class RunBuffers(int maxTokens, int maxNumbers)
{
    /// <summary>Makes buffers for the runs of a model.</summary>
    public static RunBuffers For(IRowSession session, int maxTokens) => new(maxTokens, session.NumbersOf(maxTokens));

    /// <summary>Token ids, <c>[rows, longest]</c> at the start of the array, as in the other arrays.</summary>
    public long[] Ids { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>1 for a token, 0 for padding.</summary>
    public long[] Mask { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>1 for a token of a pair's second text, else 0.</summary>
    public long[] Types { get; } = GC.AllocateArray<long>(maxTokens, pinned: true);

    /// <summary>The model's output.</summary>
    public float[] Numbers { get; } = GC.AllocateArray<float>(maxNumbers, pinned: true);
}
