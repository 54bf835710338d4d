namespace AiPlatform.InferenceWorker.Batching;

/// <summary>One input of a request, as it waits for the device.</summary>
/// <param name="Request">The request that it belongs to.</param>
/// <param name="Index">Its number among the request's inputs.</param>
/// <param name="TokenIds">Its tokens, special tokens included; never padded.</param>
internal readonly record struct WaitingRow(RowRequest Request, int Index, int[] TokenIds)
{
    public int Length => TokenIds.Length;

    /// <summary>Of a pair of texts, where the tokens of the second begin; 0 for a single text.</summary>
    public int SecondAt { get; init; }
}
