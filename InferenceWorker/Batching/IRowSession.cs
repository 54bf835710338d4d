using AiPlatform.InferenceWorker.Cuda;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// A model on its device that computes rows of tokens. Any number of threads may run it at once, each with its own buffers.
/// </summary>
internal interface IRowSession : IDisposable
{
    /// <summary>Most output numbers of a run with this many tokens, padding included.</summary>
    int NumbersOf(int tokens);

    /// <summary>Makes buffers for its runs of up to this many tokens, padding included. They end with the session at the latest.</summary>
    RunBuffers NewBuffers(int maxTokens) => new(maxTokens, NumbersOf(maxTokens));

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
/// Memory for the inputs and outputs of one run at a time, which is allocated once and does not move. Each device thread has its own
/// buffers.
/// </summary>
internal sealed class RunBuffers : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <param name="maxTokens">Most tokens of a run, padding included.</param>
    /// <param name="maxNumbers">Most output numbers of a run.</param>
    /// <param name="pinned">Where they should be; null for the managed heap.</param>
    public RunBuffers(int maxTokens, int maxNumbers, PinnedMemory? pinned = null)
    {
        Ids = Allocate<long>(maxTokens, pinned);
        Mask = Allocate<long>(maxTokens, pinned);
        Types = Allocate<long>(maxTokens, pinned);
        Numbers = Allocate<float>(maxNumbers, pinned);
    }

    /// <summary>Token ids, <c>[rows, longest]</c> at the start of the memory, as in the others.</summary>
    public Memory<long> Ids { get; }

    /// <summary>1 for a token, 0 for padding.</summary>
    public Memory<long> Mask { get; }

    /// <summary>1 for a token of a pair's second text, else 0.</summary>
    public Memory<long> Types { get; }

    /// <summary>The model's output.</summary>
    public Memory<float> Numbers { get; }

    public void Dispose()
    {
        foreach (var one in _owned) one.Dispose();
    }

    private Memory<T> Allocate<T>(int length, PinnedMemory? pinned)
        where T : unmanaged
    {
        if (pinned?.TryAllocate<T>(length) is not { } block) return GC.AllocateArray<T>(length, pinned: true);
        _owned.Add(block);
        return block.Memory;
    }
}
