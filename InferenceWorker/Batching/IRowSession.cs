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
