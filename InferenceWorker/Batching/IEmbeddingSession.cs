namespace AiPlatform.InferenceWorker.Batching;

/// <summary>A model on its device. One thread at a time.</summary>
internal interface IEmbeddingSession : IDisposable
{
    /// <summary>Length of a token's state.</summary>
    int HiddenSize { get; }

    /// <summary>Computes the states of a batch's tokens; throws when the model fails.</summary>
    /// <param name="rows">Within the limits that the session was made for.</param>
    /// <returns><c>[rows, longest row, hidden]</c>; states of padding are undefined. Valid until the next call.</returns>
    ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows);
}
