namespace AiPlatform.InferenceWorker.Batching;

/// <summary>A model on its device. Any number of threads may run it at once, each with buffers of its own.</summary>
internal interface IEmbeddingSession : IDisposable
{
    /// <summary>Length of a token's state.</summary>
    int HiddenSize { get; }

    /// <summary>Computes the states of a batch's tokens; throws when the model fails.</summary>
    /// <param name="rows">Together within the buffers.</param>
    /// <param name="buffers">Used by no other thread until the states were read.</param>
    /// <returns><c>[rows, longest row, hidden]</c>; states of padding are undefined. Valid until the buffers' next run.</returns>
    ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows, RunBuffers buffers);
}
