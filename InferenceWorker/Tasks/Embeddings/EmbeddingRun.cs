using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>The rows of one request, and the buffer that their vectors are written into.</summary>
/// <param name="tokenIds">See <see cref="RowRequest"/>.</param>
/// <param name="output">Made by <see cref="EmbeddingOutput.Create"/> with as many rows.</param>
internal sealed class EmbeddingRun(int[][] tokenIds, byte[] output) : RowRequest(tokenIds)
{
    /// <summary>The memory of a row's vector.</summary>
    public Span<float> VectorOf(int index) => EmbeddingOutput.MutableRow(output, index);
}
